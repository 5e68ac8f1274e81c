//! Components of WASI 0.2 and 0.3, and WASI 0.1 without sockets, on wasmtime 48.

#[allow(clippy::duplicate_mod, reason = "it is compiled for each version")]
#[path = "both/compile.rs"]
pub(crate) mod compile;
pub(crate) mod components;
mod http;
#[allow(clippy::duplicate_mod, reason = "it is compiled for each version")]
#[path = "both/imports.rs"]
mod imports;
pub(crate) mod plain01;
mod slow;
#[allow(clippy::duplicate_mod, reason = "it is compiled for each version")]
#[path = "both/start.rs"]
mod start;
mod stdio;

// What the files in `both` need of a version.
use ::wasmtime;
use wasmtime_wasi::I32Exit;

/// Its default is right.
fn configure(_: &mut wasmtime::Config) {}
