//! The demo and the benches of this repository, which compare wasio with its peers.
//!
//! A [`peer`] is a server, with the way to build and start it. A [`scenario`] uses a server and
//! measures it. Each of them is one small file, and `bench` runs every pair.

pub mod artifact;
pub mod awake;
pub mod client;
pub mod cores;
pub mod crowd;
pub mod demo;
pub mod exchange;
pub mod fairness;
pub mod format;
pub mod http_load;
pub mod machine;
pub mod metric;
pub mod peer;
pub mod program;
pub mod report;
pub mod results;
pub mod run;
pub mod scenario;
pub mod server;

use anyhow::Context;

/// Prepares the process for measurements. Errors no longer capture a backtrace, and the limit of
/// open descriptors allows for both ends of 8 000 connections. Call this first in `main`.
///
/// # Errors
/// The limit of open descriptors cannot be raised to what the system allows.
pub fn prepare_process() -> anyhow::Result<()> {
    wasio_host::quiet_backtraces();
    rlimit::increase_nofile_limit(u64::MAX).context("cannot raise the limit on open files")?;
    Ok(())
}
