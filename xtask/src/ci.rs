//! What continuous integration runs.

use std::process::ExitCode;

use crate::cargo::Workspace;
use crate::{hosts, programs, test};

pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    programs::install_missing()?;
    // Best effort: without them their steps are skipped.
    programs::succeeds("rustup", &[&["target", "add"][..], &test::SYSTEMS].concat());
    // Best effort too: a host that cannot be brought takes no part, and its tests say so.
    hosts::install_all(workspace)?;
    test::run(workspace, &test::Options::default())
}
