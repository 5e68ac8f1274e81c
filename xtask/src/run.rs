//! The tasks that are programs of another package, which is built with the host and so takes long
//! the first time.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context, ensure};

use crate::cargo::Workspace;
use crate::targets;

/// Builds all programs of some packages.
pub(crate) fn build(workspace: &Workspace, packages: &[&str]) -> anyhow::Result<()> {
    let mut command = workspace.cargo("build --quiet --bins");
    for package in packages {
        command.args(["--package", package]);
    }
    let status = command.status().context("cannot start cargo")?;
    ensure!(
        status.success(),
        "cargo could not build {}",
        packages.join(" and ")
    );
    Ok(())
}

/// Builds and becomes `program` of `package`.
pub(crate) fn program(
    workspace: &Workspace,
    package: &str,
    program: &str,
    arguments: Vec<OsString>,
) -> anyhow::Result<ExitCode> {
    targets::add_missing()?;
    eprintln!("Building the host (some minutes the first time, then seconds) ...");
    let mut command = workspace.cargo("run --quiet");
    command
        .args(["--package", package, "--bin", program])
        .arg("--")
        .args(arguments);
    become_command(command).with_context(|| format!("cannot start cargo for {program}"))
}

/// Replaces this process, so that Ctrl-C reaches the program alone and its exit
/// code is ours.
#[cfg(unix)]
fn become_command(mut command: Command) -> anyhow::Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(command.exec().into())
}

#[cfg(not(unix))]
fn become_command(mut command: Command) -> anyhow::Result<ExitCode> {
    let status = command.status()?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}
