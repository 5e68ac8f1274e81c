//! WASI 0.1 without sockets, by `wasmtime-wasi`.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use wasmtime::{Linker, Module};
use wasmtime_wasi::p1::{self, WasiP1Ctx};

use super::start::{self, State};
use super::stdio;
use crate::run::capture::Capture;
use crate::run::guest_state::GuestState;
use crate::run::program::{Endpoints, Program};

/// Starts `module`. Returns its captured standard output and standard error.
pub(crate) fn start(
    path: &Path,
    module: &Module,
    program: &Program,
    endpoints: Endpoints,
    guest: &Arc<GuestState>,
) -> Result<[Option<Capture>; 2]> {
    let (mut builder, captures) = stdio::builder(program, endpoints.stdin)?;
    let wasi = builder.build_p1();
    let mut linker = Linker::new(module.engine());
    // Each host call takes the context once.
    let linked = p1::add_to_linker_sync(&mut linker, |state: &mut State<WasiP1Ctx>| {
        state.guest.count_call();
        &mut state.wasi
    });
    linked
        .and_then(|()| super::imports::add_to_linker(&mut linker))
        .map_err(|error| anyhow!("cannot link the host's functions: {error:#}"))?;
    let mut store = State::new(wasi, Arc::clone(guest))
        .into_store(module.engine())
        .map_err(|error| anyhow!("cannot start the guest: {error:#}"))?;
    let instance = start::link(path, module, &linker, &mut store)?;
    start::start(store, instance)?;
    Ok(captures)
}
