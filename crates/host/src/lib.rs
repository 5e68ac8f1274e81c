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
//! | [`Wasi::Sockets03`]: WASI 0.3, for components | as `Sockets02`, with the `wasi:http` of 0.2 | no |
//!
//! Besides WASI a guest may import two functions of the module `wasio_host`: `fuel() -> i64` (the
//! units consumed by the calling thread, or -1 if fuel is off) and `cpu_ns() -> i64` (the CPU time
//! of the calling thread). Such a guest runs on this host only.
//!
//! # Features
//!
//! `run` (default) is all of this. Without it there is [`peer`], the load generator of the tests, and
//! the crate does not depend on wasmtime.

mod cpu;
pub mod peer;
#[cfg(feature = "run")]
mod run;

pub use cpu::{raise_descriptor_limit, thread_cpu_time};
#[cfg(feature = "run")]
pub use run::{Counts, Exit, Outcome, Runner, Running, Stdin, Wasi, quiet_backtraces};
