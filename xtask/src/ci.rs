//! What continuous integration runs.

use std::process::{Command, ExitCode, Stdio};

use crate::cargo::Workspace;
use crate::test;

/// The programs the tests call, and the Debian packages they are in.
const PROGRAMS: [(&str, &str); 5] = [
    ("curl", "curl"),
    ("ip", "iproute2"),
    ("node", "nodejs"),
    ("redis-server", "redis-server"),
    ("unshare", "util-linux"),
];

pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    install_missing();
    // Best effort too: without them their steps are skipped.
    succeeds("rustup", &[&["target", "add"][..], &test::SYSTEMS].concat());
    test::run(workspace, &test::Options::default())
}

/// Best effort: a test that finds its program missing says so itself.
fn install_missing() {
    let missing: Vec<&str> = PROGRAMS
        .into_iter()
        .filter(|(program, _)| !is_there(program))
        .map(|(_, package)| package)
        .collect();
    if missing.is_empty() || !succeeds("apt-get", &["--version"]) || !is_root() {
        return;
    }
    eprintln!("Installing {} ...", missing.join(", "));
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(missing);
    if !succeeds("apt-get", &install) && succeeds("apt-get", &["update"]) {
        succeeds("apt-get", &install);
    }
}

/// Whether it can be started; `ip` knows no `--version` and says so.
fn is_there(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .is_ok()
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
