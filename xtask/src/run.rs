//! The tasks that are programs of another package, which is built with the host and so takes long
//! the first time.

use std::env::consts::EXE_EXTENSION;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode, ExitStatus};
use std::time::{Duration, Instant};
use std::{env, fs, io};

use anyhow::{Context, ensure};

use crate::cargo::Workspace;
use crate::{targets, wasmtime};

/// What the bench ends with after `--check` if there is something to measure. `bench.rs` has it too.
const TO_MEASURE: i32 = 10;

/// A build that takes longer has built a host.
const LONG: Duration = Duration::from_secs(60);

/// Where a program of this workspace is once it is built: beside this one.
pub(crate) fn built(program: &str) -> io::Result<PathBuf> {
    let own = env::current_exe()?;
    Ok(own.with_file_name(program).with_extension(EXE_EXTENSION))
}

/// Builds all programs of some packages.
pub(crate) fn build(workspace: &Workspace, packages: &[&str]) -> anyhow::Result<()> {
    let mut command = workspace.cargo("build --bins");
    for package in packages {
        command.args(["--package", package]);
    }
    succeed(command, &packages.join(" and "))
}

/// Runs a build of `what`.
fn succeed(mut build: Command, what: &str) -> anyhow::Result<()> {
    let status = build.status().context("cannot start cargo")?;
    ensure!(status.success(), "cargo could not build {what}");
    Ok(())
}

/// Builds and becomes `program` of `package`, which has a host in it.
pub(crate) fn program(
    workspace: &Workspace,
    package: &str,
    program: &str,
    arguments: Vec<OsString>,
) -> anyhow::Result<ExitCode> {
    targets::add_missing()?;
    let selection = format!("--package {package} --bin {program}");
    build_timed(workspace, workspace.cargo(&format!("build {selection}")))?;
    become_built(workspace, &selection, arguments)
}

/// Builds and becomes the demo of `package`. Where a wasmtime is installed, the demo has no host in
/// it, and is built in a fraction of the time.
pub(crate) fn demo(
    workspace: &Workspace,
    package: &str,
    mut arguments: Vec<OsString>,
) -> anyhow::Result<ExitCode> {
    // On other systems the CPU time of another process is not known.
    let versions = if asks_for_01(&arguments) {
        wasmtime::WITH_SOCKETS_OF_01
    } else {
        wasmtime::KNOWN
    };
    let wasmtime = wasmtime::find(workspace, &versions).filter(|_| cfg!(target_os = "linux"));
    let Some(wasmtime) = wasmtime else {
        return program(workspace, package, "demo", arguments);
    };
    targets::add_missing()?;
    let selection = format!("--package {package} --no-default-features --bin demo");
    succeed(workspace.cargo(&format!("build {selection}")), "the demo")?;
    arguments.extend(["--wasmtime".into(), wasmtime.into()]);
    become_built(workspace, &selection, arguments)
}

/// Builds and becomes the bench of `package`. Before the host is built, a bench without one lists,
/// redraws, and refuses wrong arguments.
pub(crate) fn bench(
    workspace: &Workspace,
    package: &str,
    arguments: Vec<OsString>,
) -> anyhow::Result<ExitCode> {
    let selection =
        format!("--package {package} --no-default-features --features bench --bin bench");
    succeed(workspace.cargo(&format!("build {selection}")), "the bench")?;
    let mut check = run_built(workspace, &selection)?;
    check.arg("--check").args(&arguments);
    let status = check.status().context("cannot start cargo")?;
    if status.code() == Some(TO_MEASURE) {
        return program(workspace, package, "bench", arguments);
    }
    Ok(code_of(status))
}

/// Whether the demo is to run on WASI 0.1 alone.
fn asks_for_01(arguments: &[OsString]) -> bool {
    let is_pair = |pair: &[OsString]| pair[0] == "--wasi" && pair[1] == "0.1";
    arguments.windows(2).any(is_pair) || arguments.iter().any(|one| one == "--wasi=0.1")
}

/// Becomes a program that is built, so that nothing shows but the program.
fn become_built(
    workspace: &Workspace,
    selection: &str,
    arguments: Vec<OsString>,
) -> anyhow::Result<ExitCode> {
    let mut command = run_built(workspace, selection)?;
    command.args(arguments);
    become_command(command).context("cannot start cargo")
}

/// Cargo that becomes a program that is built. What is added are the arguments of the program.
fn run_built(workspace: &Workspace, selection: &str) -> io::Result<Command> {
    let mut command = workspace.cargo(&format!("run --quiet {selection} --manifest-path"));
    // Where the user is, as the arguments may have paths.
    command
        .arg(workspace.root().join("Cargo.toml"))
        .current_dir(env::current_dir()?)
        .arg("--");
    Ok(command)
}

/// Builds what has a host in it, and says how long that took the last time that it took long.
fn build_timed(workspace: &Workspace, build: Command) -> anyhow::Result<()> {
    let note = workspace.root().join("target/host-build-seconds");
    let last = fs::read_to_string(&note).ok();
    let last = last.map_or_else(
        || "some minutes the first time".to_owned(),
        |seconds| format!("{} s the last time that all was built", seconds.trim()),
    );
    eprintln!("Building the host ({last}) ...");
    let start = Instant::now();
    succeed(build, "the host")?;
    let elapsed = start.elapsed();
    if elapsed >= LONG {
        // If this fails, the next build says "some minutes" again.
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
    Ok(code_of(command.status()?))
}

fn code_of(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}
