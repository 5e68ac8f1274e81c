//! The tasks that are programs of another package, which is built with the host and so takes long
//! the first time.

use std::ffi::OsString;
use std::fs;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::cargo::Workspace;
use crate::targets;

/// A build that takes longer has built a host.
const LONG: Duration = Duration::from_secs(60);

/// Builds all programs of some packages.
pub(crate) fn build(workspace: &Workspace, packages: &[&str]) -> anyhow::Result<()> {
    let mut command = workspace.cargo("build --bins");
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
    let build = format!("build --package {package} --bin {program}");
    build_timed(workspace, workspace.cargo(&build))?;
    // It is built, so that nothing shows but the program.
    let mut command = workspace.cargo("run --quiet");
    command
        .args(["--package", package, "--bin", program])
        .arg("--")
        .args(arguments);
    become_command(command).with_context(|| format!("cannot start cargo for {program}"))
}

/// Builds what has a host in it, and says how long that took the last time that it took long.
fn build_timed(workspace: &Workspace, mut build: Command) -> anyhow::Result<()> {
    let note = workspace.root().join("target/host-build-seconds");
    let last = fs::read_to_string(&note).ok();
    let last = last.map_or_else(
        || "some minutes the first time".to_owned(),
        |seconds| format!("{} s the last time that all was built", seconds.trim()),
    );
    eprintln!("Building the host ({last}) ...");
    let start = Instant::now();
    let status = build.status().context("cannot start cargo")?;
    ensure!(status.success(), "cargo could not build the host");
    let elapsed = start.elapsed();
    if elapsed >= LONG {
        // Whoever cannot read it next time is told of minutes.
        let _ = fs::write(note, format!("{}\n", elapsed.as_secs()));
    }
    Ok(())
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
