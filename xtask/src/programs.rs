//! The programs that tests call, and how they are installed.

use std::process::{Command, Stdio};

use anyhow::ensure;

/// The programs, and the Debian packages they are in.
const PROGRAMS: [(&str, &str); 11] = [
    ("clang", "clang"),
    ("curl", "curl"),
    ("ip", "iproute2"),
    ("nginx", "nginx-light"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("openssl", "openssl"),
    ("pip3", "python3-pip"),
    // Those of the server itself are not on the PATH.
    ("pg_ctlcluster", "postgresql"),
    ("redis-server", "redis-server"),
    ("unshare", "util-linux"),
];

/// Those that the tests of programs on tokio call.
pub(crate) fn of_tokio() -> impl Iterator<Item = &'static str> {
    let others = ["ip", "node", "npm", "pip3", "unshare"];
    let programs = PROGRAMS.into_iter().map(|(program, _)| program);
    programs.filter(move |program| !others.contains(program))
}

/// Installs what is missing, where that is possible.
///
/// # Errors
/// Some are missing still: what needs them would be skipped.
pub(crate) fn install_missing() -> anyhow::Result<()> {
    let packages: Vec<_> = missing().map(|(_, package)| package).collect();
    if packages.is_empty() {
        return Ok(());
    }
    eprintln!("Installing {} ...", packages.join(", "));
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(packages);
    if !succeeds("apt-get", &install) && succeeds("apt-get", &["update"]) {
        succeeds("apt-get", &install);
    }
    let missing: Vec<_> = missing().map(|(program, _)| program).collect();
    ensure!(
        missing.is_empty(),
        "{} cannot be installed here with apt-get as root, and no test may be skipped for that: install by hand, \
         or run cargo xtask test",
        missing.join(", ")
    );
    Ok(())
}

fn missing() -> impl Iterator<Item = (&'static str, &'static str)> {
    let missing = |(program, _): &(&str, &str)| !is_there(program);
    PROGRAMS.into_iter().filter(missing)
}

/// Whether it can be started; `ip` knows no `--version` and says so.
pub(crate) fn is_there(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .is_ok()
}

/// Whether it ran, and to a good end; what it prints is nobody's.
pub(crate) fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
