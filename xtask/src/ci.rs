//! What continuous integration runs.

use std::process::ExitCode;

use anyhow::ensure;

use crate::cargo::Workspace;
use crate::{hosts, programs, test};

/// The folders that have a `Cargo.lock`.
const LOCKED: [&str; 3] = [".", "benches/peers", "examples/tokio"];

pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    programs::install_missing()?;
    fetch(workspace)?;
    // Best effort: without them their steps are skipped.
    programs::succeeds("rustup", &[&["target", "add"][..], &test::SYSTEMS].concat());
    // Best effort too, whatever cannot be brought: its tests are skipped, and say so.
    hosts::install_all(workspace)?;
    test::run(workspace, &test::Options::default())
}

/// Downloads all dependencies, of every target. A registry that does not answer for a while is to
/// stop the run here, and not to fail the tests that build programs.
fn fetch(workspace: &Workspace) -> anyhow::Result<()> {
    for folder in LOCKED {
        let mut fetch = workspace.cargo_in(folder, "fetch --quiet --locked");
        // Each try of cargo's own waits longer than the one before.
        let status = fetch.env("CARGO_NET_RETRY", "8").status()?;
        ensure!(
            status.success(),
            "the dependencies of {folder} cannot be downloaded: is there a network?"
        );
    }
    Ok(())
}
