//! WASI 0.2 and 0.3 with the network of this machine, by `wasmtime-wasi` and `wasmtime-wasi-http`.
//!
//! The guest, its sockets and its timers share one thread. When the guest waits, that thread runs
//! tokio's reactor. As in the wasmtime CLI, all calls between two waits that suspend the guest
//! share one budget of tokio (128 polled connections), and the host sees no new events before such
//! a wait.

use std::cell::Cell;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use futures_util::future::{Either, select};
use tokio::runtime::{Builder, Runtime};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Store, Trap};
use wasmtime_wasi::{I32Exit, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView, p2, p3};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::compile;
use super::http::Requests;
use super::start::{self, State};
use super::stdio;
use crate::run::capture::Capture;
use crate::run::exit::Exit;
use crate::run::guest_file::{Cache, GuestFile};
use crate::run::guest_state::GuestState;
use crate::run::program::{Endpoints, Program, Wasi};

/// A component with this export is a program of WASI 0.3. It may have the entry point of 0.2 too.
pub(crate) const RUN_03: &str = "wasi:cli/run@0.3.0";

/// The context of one guest.
pub(crate) struct Components {
    context: WasiCtx,
    http: WasiHttpCtx,
    requests: Requests,
    table: ResourceTable,
}

impl WasiView for State<Components> {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.count_call();
        WasiCtxView {
            ctx: &mut self.wasi.context,
            table: &mut self.wasi.table,
        }
    }
}

impl WasiHttpView for State<Components> {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        self.count_call();
        WasiHttpCtxView {
            ctx: &mut self.wasi.http,
            table: &mut self.wasi.table,
            hooks: &mut self.wasi.requests,
        }
    }
}

impl State<Components> {
    /// Each host call takes one view of the state.
    fn count_call(&mut self) {
        let table = &mut self.wasi.table;
        self.guest.count_call_and(|| table.iter_mut().count());
    }
}

/// The entry point of a linked guest.
enum Command {
    V02(p2::bindings::CommandPre<State<Components>>),
    V03(p3::bindings::CommandPre<State<Components>>),
}

/// Compiles a component, once per process.
pub(crate) fn load(file: &GuestFile<'_>, fuel: bool) -> Result<Component> {
    static CACHE: Cache<Component> = Cache::new();
    CACHE.get(file, fuel, || {
        Component::new(compile::engine(fuel)?, &file.bytes).map_err(|error| {
            let path = file.path.display();
            anyhow!("{path} is not a valid WebAssembly component: {error:#}")
        })
    })
}

/// The version of WASI that a component starts on.
pub(crate) fn version(component: &Component) -> Wasi {
    match component.get_export_index(None, RUN_03) {
        Some(_) => Wasi::Sockets03,
        None => Wasi::Sockets02,
    }
}

/// Starts `component`. Returns its captured standard output and standard error.
pub(crate) fn start(
    path: &Path,
    component: &Component,
    program: &Program,
    endpoints: Endpoints,
    guest: &Arc<GuestState>,
) -> Result<[Option<Capture>; 2]> {
    let runtime = runtime(guest).context("cannot start the threads of the host")?;
    let entered = runtime.enter();
    let (builder, captures) = stdio::builder(program, endpoints.stdin)?;
    let wasi = context(builder, program);
    drop(entered);
    let command = link(component)
        .map_err(|error| anyhow!("{} does not fit this host: {error:#}", path.display()))?;
    let mut store = State::new(wasi, Arc::clone(guest))
        .into_store(component.engine())
        .map_err(|error| anyhow!("cannot start the guest: {error:#}"))?;
    store.set_max_component_handles(program.handles);
    let guest = Arc::clone(guest);
    std::thread::Builder::new()
        .name("guest".into())
        .spawn(move || {
            // The resources that the guest leaves must be dropped inside the tokio runtime.
            let entered = runtime.enter();
            let exit = start::run(store, |store| {
                // A stop must also end a wait of the guest that nothing else would end.
                let stop = pin!(guest.stop_requested());
                let result = match runtime.block_on(select(pin!(run(&command, store)), stop)) {
                    Either::Left((result, _)) => result.map_err(explain),
                    Either::Right(_) => Err(Trap::Interrupt.into()),
                };
                guest.set_resources(store.data_mut().wasi.table.iter_mut().count());
                result
            });
            drop(entered);
            guest.finish(exit.unwrap_or(Exit::Code(0)));
            // Background tasks must neither outlive the guest nor delay its end.
            runtime.shutdown_background();
            guest.main_thread_ended();
        })
        .context("cannot start a thread for the guest")?;
    Ok(captures)
}

/// The context of a guest, with the network that it may use.
fn context(mut builder: WasiCtxBuilder, program: &Program) -> Components {
    if program.network {
        builder.inherit_network();
    }
    builder
        .allow_tcp(true)
        .allow_udp(true)
        .allow_ip_name_lookup(program.name_lookup);
    let mut table = ResourceTable::new();
    // The limit is that of handles.
    table.set_max_capacity(usize::MAX);
    Components {
        context: builder.build(),
        http: WasiHttpCtx::new(),
        requests: Requests {
            network: program.network,
            name_lookup: program.name_lookup,
        },
        table,
    }
}

/// Links a component. On WASI 0.3 too, the standard library's calls are of 0.2.
fn link(component: &Component) -> wasmtime::Result<Command> {
    let mut linker = Linker::new(component.engine());
    p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    if version(component) == Wasi::Sockets02 {
        let instance = linker.instantiate_pre(component)?;
        return p2::bindings::CommandPre::new(instance).map(Command::V02);
    }
    p3::add_to_linker(&mut linker)?;
    let instance = linker.instantiate_pre(component)?;
    p3::bindings::CommandPre::new(instance).map(Command::V03)
}

/// Runs the guest until it returns, exits or traps.
async fn run(command: &Command, store: &mut Store<State<Components>>) -> wasmtime::Result<()> {
    let result = match command {
        Command::V02(command) => {
            let command = command.instantiate_async(&mut *store).await?;
            command.wasi_cli_run().call_run(&mut *store).await?
        }
        Command::V03(command) => {
            let command = command.instantiate_async(&mut *store).await?;
            store
                .run_concurrent(async |store| command.wasi_cli_run().call_run(store).await)
                .await??
        }
    };
    result.map_err(|()| I32Exit(1).into())
}

/// The limit of handles, for which wasmtime has no error of a type.
fn explain(error: wasmtime::Error) -> wasmtime::Error {
    if format!("{error:#}").contains("store handle limit exceeded") {
        const TEXT: &str = "it has as many handles as the host allows: raise --max-handles";
        return wasmtime::Error::msg(TEXT);
    }
    error
}

/// Creates the runtime, which runs the guest on the calling thread. Blocking operations (files,
/// standard input, name look-ups) run on separate threads, whose CPU time is counted as the
/// guest's.
fn runtime(guest: &Arc<GuestState>) -> std::io::Result<Runtime> {
    thread_local! {
        static COUNTED: Cell<Option<u64>> = const { Cell::new(None) };
    }
    let (started, stopped) = (Arc::clone(guest), Arc::clone(guest));
    Builder::new_current_thread()
        .thread_name("guest-io")
        .enable_io()
        .enable_time()
        .on_thread_start(move || COUNTED.set(Some(started.cpu.count_in())))
        .on_thread_stop(move || {
            if let Some(id) = COUNTED.take() {
                stopped.cpu.count_out(id);
            }
        })
        .build()
}
