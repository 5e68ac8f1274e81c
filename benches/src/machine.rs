//! The machine and the versions with which the figures were measured.

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use crate::artifact::repository;

/// The lock file of this repository, which contains the version of the host.
const LOCK: &str = include_str!("../../Cargo.lock");

/// Returns the date of today, such as `2026-11-22`.
#[must_use]
pub fn date() -> String {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    now.split('T').next().unwrap_or_default().to_owned()
}

/// The commit that `checkout` is at, with `-dirty` if files differ from it; `None` without git.
#[must_use]
pub fn commit(checkout: &Path) -> Option<String> {
    let output = Command::new("git")
        .current_dir(checkout)
        .args(["describe", "--always", "--dirty", "--abbrev=12"])
        // No tag: what it names may move.
        .arg("--exclude=*")
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    output.status.success().then(|| text.trim().to_owned())
}

/// Returns one line each for commit, processor, system, compiler, host and date. They are
/// determined only once: a thread that is bound to a core would count only that core.
pub fn describe() -> &'static [String] {
    static LINES: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
    LINES.get_or_init(look_up)
}

fn look_up() -> Vec<String> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let commit = commit(&repository()).unwrap_or_else(|| "unknown".to_owned());
    vec![
        format!("commit: {commit}"),
        format!("processor: {} ({cores} cores)", processor()),
        format!("system: {} {}", std::env::consts::OS, kernel()),
        format!("compiler: {}", compiler()),
        format!("host: wasmtime {}", locked_versions("wasmtime", LOCK)),
        format!("date: {}", date()),
    ]
}

fn processor() -> String {
    let known = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    known
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or(std::env::consts::ARCH, |(_, model)| model)
        .to_owned()
}

fn kernel() -> String {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease");
    release.unwrap_or_default().trim().to_owned()
}

fn compiler() -> String {
    let version = Command::new("rustc").arg("--version").output();
    version.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

/// Returns the versions of `package` in a Cargo.lock.
fn locked_versions(package: &str, lock: &str) -> String {
    let name = format!("name = \"{package}\"");
    let entries = lock.split("[[package]]");
    let versions = entries
        .filter(|entry| entry.lines().any(|line| line == name))
        .filter_map(|entry| {
            entry
                .lines()
                .find_map(|line| line.strip_prefix("version = "))
        })
        .map(|version| version.trim_matches('"'));
    let versions: Vec<_> = versions.collect();
    if versions.is_empty() {
        return "unknown".to_owned();
    }
    versions.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locked_versions_are_those_of_the_package() {
        let lock = "[[package]]\nname = \"wasmtime-environ\"\nversion = \"1.0.0\"\n\n\
                    [[package]]\nname = \"wasmtime\"\nversion = \"46.0.3\"\n";
        assert_eq!(locked_versions("wasmtime", lock), "46.0.3");
        assert_eq!(locked_versions("wasm", lock), "unknown");
        assert_ne!(locked_versions("wasmtime", LOCK), "unknown");
        let both = format!("{lock}\n[[package]]\nname = \"wasmtime\"\nversion = \"48.0.8\"\n");
        assert_eq!(locked_versions("wasmtime", &both), "46.0.3 and 48.0.8");
    }

    #[test]
    fn the_date_has_its_year_first() {
        let date = date();
        let parts: Vec<_> = date.split('-').map(str::len).collect();
        assert_eq!(parts, [4, 2, 2], "{date}");
    }
}
