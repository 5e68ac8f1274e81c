//! What continuous integration runs.

use std::process::ExitCode;

use crate::cargo::Workspace;
use crate::{programs, test};

pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    programs::install_missing()?;
    // Best effort: without them their steps are skipped.
    programs::succeeds("rustup", &[&["target", "add"][..], &test::SYSTEMS].concat());
    test::run(workspace, &test::Options::default())
}
