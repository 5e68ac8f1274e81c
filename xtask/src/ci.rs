//! What continuous integration runs.

use std::process::ExitCode;

use crate::cargo::Workspace;
use crate::{hosts, programs, test};

pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    programs::install_missing()?;
    // Best effort: without them their steps are skipped.
    programs::succeeds("rustup", &[&["target", "add"][..], &test::SYSTEMS].concat());
    // Best effort too, whatever cannot be brought: its tests are skipped, and say so.
    hosts::install_all(workspace)?;
    test::run(workspace, &test::Options::default())
}
