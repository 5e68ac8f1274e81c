//! A wasmtime that is installed, so that none has to be built.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::cargo::Workspace;

/// The versions whose command line is known, by their first number.
pub(crate) const KNOWN: RangeInclusive<u32> = 46..=50;

/// Those of them that have sockets on WASI 0.1.
pub(crate) const WITH_SOCKETS_OF_01: RangeInclusive<u32> = 46..=46;

/// The folders of `hosts/installed` that have one.
const INSTALLED: [&str; 2] = ["wasmtime46", "wasmtime49"];

/// Returns the wasmtime on the PATH, or one that `cargo xtask hosts install` has brought; `None` if
/// there is none of these versions.
pub(crate) fn find(workspace: &Workspace, versions: &RangeInclusive<u32>) -> Option<PathBuf> {
    let installed = INSTALLED.map(|name| {
        let folder = workspace.root().join("hosts/installed").join(name);
        folder.join("wasmtime_cli/wasmtime")
    });
    let mut candidates = [PathBuf::from("wasmtime")].into_iter().chain(installed);
    candidates.find(|program| version_of(program).is_some_and(|text| is_one_of(&text, versions)))
}

/// What it prints when asked for its version; `None` if it cannot be started.
fn version_of(program: &PathBuf) -> Option<String> {
    let mut command = Command::new(program);
    let output = command.arg("--version").stdin(Stdio::null()).output();
    Some(String::from_utf8_lossy(&output.ok()?.stdout).into_owned())
}

fn is_one_of(printed: &str, versions: &RangeInclusive<u32>) -> bool {
    let version = printed.trim().strip_prefix("wasmtime ");
    let major = version.and_then(|version| version.split('.').next()?.parse().ok());
    major.is_some_and(|major| versions.contains(&major))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_that_are_known_are_recognised() {
        let of_46 = "wasmtime 46.0.1 (823d1b8f2 2026-06-24)\n";
        assert!(is_one_of(of_46, &KNOWN) && is_one_of(of_46, &WITH_SOCKETS_OF_01));
        let of_50 = "wasmtime 50.0.0";
        assert!(is_one_of(of_50, &KNOWN) && !is_one_of(of_50, &WITH_SOCKETS_OF_01));
        for unknown in [
            "wasmtime 45.0.9",
            "wasmtime 51.0.0",
            "wasmtime-cli 0.40.1",
            "",
        ] {
            assert!(!is_one_of(unknown, &KNOWN), "{unknown}");
        }
    }

    #[test]
    fn what_cannot_be_started_has_no_version() {
        assert_eq!(version_of(&"/no/such/wasmtime".into()), None);
    }
}
