//! WASI 0.2 with the network of this machine, by `wasmtime-wasi` and `wasmtime-wasi-http`.
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
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::{I32Exit, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::WasiHttpCtx;
use wasmtime_wasi_http::p2::{WasiHttpCtxView, WasiHttpView};

use crate::run::capture::Capture;
use crate::run::exit::Exit;
use crate::run::guest_state::GuestState;
use crate::run::http::Requests;
use crate::run::plain01;
use crate::run::runner::{Endpoints, Program};
use crate::run::start::{self, State};

/// The context of one guest.
pub(crate) struct Wasi02 {
    context: WasiCtx,
    http: WasiHttpCtx,
    requests: Requests,
    table: ResourceTable,
}

impl WasiView for State<Wasi02> {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.count_call();
        WasiCtxView {
            ctx: &mut self.wasi.context,
            table: &mut self.wasi.table,
        }
    }
}

impl WasiHttpView for State<Wasi02> {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        self.count_call();
        WasiHttpCtxView {
            ctx: &mut self.wasi.http,
            table: &mut self.wasi.table,
            hooks: &mut self.wasi.requests,
        }
    }
}

impl State<Wasi02> {
    /// Each host call takes one view of the state.
    fn count_call(&mut self) {
        let table = &mut self.wasi.table;
        self.guest.count_call_and(|| table.iter_mut().count());
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
    let (mut builder, captures) = plain01::builder(program, endpoints.stdin)?;
    if program.network {
        builder.inherit_network();
    }
    builder.allow_ip_name_lookup(program.name_lookup);
    let wasi = Wasi02 {
        context: builder.build(),
        http: WasiHttpCtx::new(),
        requests: Requests {
            network: program.network,
            name_lookup: program.name_lookup,
        },
        table: ResourceTable::new(),
    };
    drop(entered);
    let mut linker = Linker::new(component.engine());
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)
        .and_then(|()| wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker))
        .map_err(|error| anyhow!("cannot link the host's functions: {error:#}"))?;
    let command = linker
        .instantiate_pre(component)
        .and_then(CommandPre::new)
        .map_err(|error| anyhow!("{} does not fit this host: {error:#}", path.display()))?;
    let store = State::new(wasi, Arc::clone(guest))
        .into_store()
        .map_err(|error| anyhow!("cannot start the guest: {error:#}"))?;
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
                    Either::Left((result, _)) => result,
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

/// Runs the guest until it returns, exits or traps.
async fn run(
    command: &CommandPre<State<Wasi02>>,
    store: &mut Store<State<Wasi02>>,
) -> wasmtime::Result<()> {
    let command = command.instantiate_async(&mut *store).await?;
    let result = command.wasi_cli_run().call_run(&mut *store).await?;
    result.map_err(|()| I32Exit(1).into())
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
