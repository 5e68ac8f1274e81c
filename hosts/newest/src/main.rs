//! Runs a component of WASI 0.2 or 0.3 on a newer wasmtime than the one in wasio's own host, with the
//! network of this machine:
//!
//! ```text
//! wasio-newest [--no-network] [--no-name-lookup] GUEST [ARGUMENTS]...
//! ```
//!
//! The guest has the environment and the standard streams of this process, which ends as the guest
//! does: with its exit code, or with 134 and the reason when it traps. The last line on standard
//! error is `wasio-newest: N resources`: so many the host still kept when the guest ended.

mod requests;

use std::env;
use std::path::Path;
use std::process;

use requests::Requests;
use tokio::runtime;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Error, Result, Store};
use wasmtime_wasi::p2::bindings::sync;
use wasmtime_wasi::p3::bindings::Command;
use wasmtime_wasi::{I32Exit, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// What a process that aborts exits with.
const EXIT_TRAP: i32 = 134;

/// The guest could not be started.
const EXIT_BAD_INPUT: i32 = 2;

/// A guest may have ten times as many as by default: some of the tests have 70 000 sources.
const MOST_HANDLES: usize = 1_000_000;

const USAGE: &str = "usage: wasio-newest [--no-network] [--no-name-lookup] GUEST [ARGUMENTS]...";

fn main() {
    let Some(options) = Options::parse(env::args().skip(1)) else {
        eprintln!("{USAGE}");
        process::exit(EXIT_BAD_INPUT);
    };
    // Not a return from `main`: a thread of the host may still be reading the input.
    process::exit(run(options).unwrap_or_else(|error| {
        eprintln!("wasio-newest: {error:#}");
        EXIT_BAD_INPUT
    }));
}

struct Options {
    network: bool,
    name_lookup: bool,
    guest: String,
    arguments: Vec<String>,
}

impl Options {
    fn parse(mut words: impl Iterator<Item = String>) -> Option<Self> {
        let (mut network, mut name_lookup) = (true, true);
        loop {
            let word = words.next()?;
            match word.as_str() {
                "--no-network" => (network, name_lookup) = (false, false),
                "--no-name-lookup" => name_lookup = false,
                option if option.starts_with("--") => return None,
                _ => {
                    return Some(Self {
                        network,
                        name_lookup,
                        guest: word,
                        arguments: words.collect(),
                    });
                }
            }
        }
    }

    /// What the guest is given.
    fn host(&self) -> Host {
        let name = Path::new(&self.guest).file_name().unwrap_or_default();
        let mut builder = WasiCtx::builder();
        builder
            .inherit_stdio()
            .inherit_env()
            .arg(name.to_string_lossy())
            .args(&self.arguments)
            .allow_blocking_current_thread(true)
            // From this version on each is off unless it is asked for.
            .allow_tcp(true)
            .allow_udp(true)
            .allow_ip_name_lookup(self.name_lookup);
        if self.network {
            builder.inherit_network();
        }
        Host {
            wasi: builder.build(),
            http: WasiHttpCtx::new(),
            requests: Requests {
                network: self.network,
                name_lookup: self.name_lookup,
            },
            table: ResourceTable::new(),
        }
    }
}

struct Host {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    requests: Requests,
    table: ResourceTable,
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for Host {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.requests,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

/// By this a component of 0.3 is started. It may also have the entry point of 0.2.
const RUN_03: &str = "wasi:cli/run@0.3.0";

/// Runs the guest to its end; its exit code.
fn run(options: Options) -> Result<i32> {
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let engine = Engine::default();
    let component = Component::from_file(&engine, &options.guest)?;
    let mut store = Store::new(&engine, options.host());
    store.set_max_component_handles(MOST_HANDLES);
    let result = if component.get_export_index(None, RUN_03).is_some() {
        runtime.block_on(run_03(&mut store, &component))?
    } else {
        let _entered = runtime.enter();
        run_02(&mut store, &component)?
    };
    let code = match result {
        Ok(Ok(())) => 0,
        Ok(Err(())) => 1,
        Err(error) => code_of(&error),
    };
    let resources = store.data_mut().table.iter_mut().count();
    eprintln!("wasio-newest: {resources} resources");
    Ok(code)
}

/// The outer error is that the guest could not be started, the inner one that it exited or trapped.
type Ended = Result<Result<std::result::Result<(), ()>>>;

fn run_02(store: &mut Store<Host>, component: &Component) -> Ended {
    let mut linker = Linker::new(store.engine());
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_sync(&mut linker)?;
    let command = sync::Command::instantiate(&mut *store, component, &linker)?;
    Ok(command.wasi_cli_run().call_run(store))
}

/// The standard library's calls are of 0.2.
async fn run_03(store: &mut Store<Host>, component: &Component) -> Ended {
    let mut linker = Linker::new(store.engine());
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    let command = Command::instantiate_async(&mut *store, component, &linker).await?;
    let ended = store
        .run_concurrent(async |store| command.wasi_cli_run().call_run(store).await)
        .await;
    Ok(ended.and_then(|ended| ended))
}

/// The guest has exited, or trapped.
fn code_of(error: &Error) -> i32 {
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return exit.0;
    }
    eprintln!("wasio-newest: the guest trapped: {error:?}");
    EXIT_TRAP
}
