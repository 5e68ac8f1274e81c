//! wasio beside its peers: the demo and the benches of this repository.
//!
//! A [`peer`] is a server and how to build and start it, a [`scenario`] is what
//! is done to it and measured. Both are one small file each; `bench` takes every
//! pair of them.

pub mod artifact;
pub mod awake;
pub mod client;
pub mod cores;
pub mod crowd;
pub mod demo;
pub mod exchange;
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

/// What has to be right before anything is measured: no backtrace for each
/// would-block, and room for the descriptors of both ends of 8 000 connections.
/// Call it first thing in `main`.
///
/// # Errors
/// The limit on open descriptors cannot be raised to the one the system allows.
pub fn prepare_process() -> anyhow::Result<()> {
    wasio_host::quiet_backtraces();
    rlimit::increase_nofile_limit(u64::MAX).context("cannot raise the limit on open files")?;
    Ok(())
}
