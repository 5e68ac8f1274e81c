//! The demo and the benches of this repository, which compare wasio with its peers.
//!
//! A [`peer`] is a server, with the way to build and start it. A [`scenario`] uses a server and
//! measures it. Each of them is one small file, and `bench` runs every pair.
//!
//! Without the feature `host` there is the demo alone, on a [`wasmtime`] that is installed, and no
//! wasmtime is built.

pub mod artifact;
#[cfg(feature = "host")]
pub mod awake;
pub mod client;
#[cfg(feature = "host")]
pub mod cores;
#[cfg(feature = "host")]
pub mod crowd;
pub mod demo;
pub mod exchange;
#[cfg(feature = "host")]
pub mod fairness;
pub mod format;
pub mod http_load;
pub mod interrupt;
#[cfg(feature = "host")]
pub mod machine;
#[cfg(feature = "host")]
pub mod metric;
pub mod peer;
pub mod process;
#[cfg(feature = "host")]
pub mod program;
#[cfg(feature = "host")]
pub mod report;
#[cfg(feature = "host")]
pub mod results;
#[cfg(feature = "host")]
pub mod run;
#[cfg(feature = "host")]
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
