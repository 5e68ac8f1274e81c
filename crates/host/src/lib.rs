//! A host for WebAssembly guests that do network I/O: cargo's runner for the
//! WASI targets (the binary `wasio-host`), and the harness of wasio's tests,
//! demo and benches (this library).
//!
//! A guest runs in this process, on a thread of its own. It is given listeners
//! on ephemeral ports, its output is captured, its CPU time, fuel and memory
//! are measured, and it can always be stopped:
//!
//! ```
//! use std::time::Duration;
//! use wasio_host::{Exit, Runner, Wasi};
//!
//! # fn main() -> anyhow::Result<()> {
//! let guest = std::env::temp_dir().join("wasio-host-doc.wat");
//! std::fs::write(&guest, r#"(module (func (export "_start")))"#)?;
//! let running = Runner::new(Wasi::Sockets01).listeners(1).spawn(&guest)?;
//! println!("the guest listens on {}", running.addr(0));
//! let outcome = running.wait(Duration::from_secs(10));
//! assert_eq!(outcome.exit, Exit::Code(0));
//! # Ok(())
//! # }
//! ```
//!
//! # What a guest is given
//!
//! | [`Wasi`] | descriptors | threads |
//! |---|---|---|
//! | [`Wasi::Sockets01`] (WASI 0.1 of `wasi-common`, as the wasmtime 46 CLI with `-S preview2=n`) | stdio, listeners, other sockets, directories | with [`Runner::threads`] |
//! | [`Wasi::Plain01`] (WASI 0.1 of `wasmtime-wasi`) | stdio, directories | no |
//! | [`Wasi::Sockets02`] (WASI 0.2, a component) | stdio, directories, and the network of this machine: it binds its own listeners, looks up names and sends requests by `wasi:http` | no |
//!
//! Besides WASI a guest may import two functions of the module `wasio_host`:
//! `fuel() -> i64` (units consumed by the calling thread, -1 without fuel) and
//! `cpu_ns() -> i64` (CPU time of the calling thread). A guest that does runs
//! on this host only.

mod capture;
mod cpu;
mod files;
mod guest_state;
mod http;
mod imports;
mod module;
pub mod peer;
mod plain01;
#[allow(
    unsafe_code,
    reason = "the only door to what the operating system offers in C alone"
)]
mod raw;
mod runner;
mod running;
mod sockets01;
mod sockets02;
mod start;
mod stdio;
mod threads;

pub use cpu::{quiet_backtraces, raise_descriptor_limit, thread_cpu_time};
pub use runner::{Runner, Wasi};
pub use running::{Exit, Outcome, Running};
pub use stdio::Stdin;
