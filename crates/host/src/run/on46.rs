//! WASI 0.1 with sockets and threads, on wasmtime 46, the last version that has them.
//!
//! That version gets no more fixes, so nothing else runs on it.

#[allow(clippy::duplicate_mod, reason = "it is compiled for each version")]
#[path = "both/compile.rs"]
pub(crate) mod compile;
mod files;
#[allow(clippy::duplicate_mod, reason = "it is compiled for each version")]
#[path = "both/imports.rs"]
mod imports;
pub(crate) mod sockets01;
#[allow(clippy::duplicate_mod, reason = "it is compiled for each version")]
#[path = "both/start.rs"]
mod start;
pub(crate) mod threads;

// What the files in `both` need of a version.
use wasi_common::I32Exit;
use wasmtime46 as wasmtime;

fn configure(config: &mut wasmtime::Config) {
    config.wasm_threads(true).shared_memory(true);
}
