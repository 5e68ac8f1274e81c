//! The demo and the benches of this repository, which compare wasio with its peers.
//!
//! A [`peer`] is a server, with the way to build and start it. A [`scenario`] uses a server and
//! measures it. Each of them is one small file, and `bench` runs every pair.
//!
//! Without the feature `host` no wasmtime is built. Then the demo runs on a [`wasmtime`] that is
//! installed, and the bench measures native servers alone. Without `bench` there is the demo alone.

pub mod artifact;
#[cfg(feature = "bench")]
pub mod awake;
pub mod client;
#[cfg(feature = "bench")]
pub mod cores;
#[cfg(feature = "bench")]
pub mod crowd;
pub mod demo;
pub mod exchange;
#[cfg(feature = "bench")]
pub mod fairness;
pub mod format;
pub mod http_load;
pub mod interrupt;
#[cfg(feature = "bench")]
pub mod machine;
#[cfg(feature = "bench")]
pub mod metric;
pub mod peer;
pub mod process;
#[cfg(feature = "bench")]
pub mod program;
#[cfg(feature = "bench")]
pub mod report;
#[cfg(feature = "bench")]
pub mod results;
#[cfg(feature = "bench")]
pub mod run;
#[cfg(feature = "bench")]
pub mod scenario;
pub mod server;
pub mod wasmtime;

use anyhow::Context;

/// Prepares the process for measurements. Errors no longer capture a backtrace, and the limit of
/// open descriptors allows for both ends of 8 000 connections. Call this first in `main`.
///
/// # Errors
/// The limit of open descriptors cannot be raised to what the system allows.
pub fn prepare_process() -> anyhow::Result<()> {
    #[cfg(feature = "host")]
    wasio_host::quiet_backtraces();
    rlimit::increase_nofile_limit(u64::MAX).context("cannot raise the limit on open files")?;
    Ok(())
}
