//! A host for WebAssembly guests that do network I/O. The binary `wasio-host` is a cargo runner for
//! the WASI targets. This library is the harness of wasio's tests, demo and benches.
//!
//! A guest runs in this process, on a separate thread. The host opens listeners on ephemeral ports
//! for it, captures its output, measures its CPU time, fuel and memory, and can stop it at any
//! time:
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
//! # What a guest receives
//!
//! | [`Wasi`] | descriptors | threads |
//! |---|---|---|
//! | [`Wasi::Sockets01`]: WASI 0.1 by `wasi-common`, like the wasmtime 46 CLI with `-S preview2=n` | stdio, listeners, other sockets, directories | with [`Runner::threads`] |
//! | [`Wasi::Plain01`]: WASI 0.1 by `wasmtime-wasi` | stdio, directories | no |
//! | [`Wasi::Sockets02`]: WASI 0.2, for components | stdio, directories and the machine's network; it binds its own listeners, looks up names and sends `wasi:http` requests | no |
//!
//! Besides WASI a guest may import two functions of the module `wasio_host`: `fuel() -> i64` (the
//! units consumed by the calling thread, or -1 if fuel is off) and `cpu_ns() -> i64` (the CPU time
//! of the calling thread). Such a guest runs on this host only.

mod capture;
mod cpu;
mod exit;
mod files;
mod guest_state;
mod http;
mod imports;
mod module;
pub mod peer;
mod plain01;
#[allow(
    unsafe_code,
    reason = "calls of the operating system that have no safe wrapper"
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
pub use exit::Exit;
pub use runner::{Runner, Wasi};
pub use running::{Counts, Outcome, Running};
pub use stdio::Stdin;
