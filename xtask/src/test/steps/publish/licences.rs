//! The licences and the sources of all dependencies are those that `deny.toml` allows. It does what
//! `cargo deny check licenses sources` does, which takes minutes to install.

use std::collections::BTreeSet;
use std::fs;

use anyhow::Context;
use toml::Table;

use super::PUBLISHED;
use crate::cargo::Workspace;
use crate::test::steps::{FUZZER, PEERS, TOKIO, said};

/// The licences that the dependencies of the libraries may have: their users get these too.
const OF_LIBRARIES: [&str; 2] = ["Apache-2.0", "MIT"];
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub(super) fn findings(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let rules: Table = fs::read_to_string(workspace.root().join("deny.toml"))?.parse()?;
    let allowed = rules.get("licenses").and_then(|table| table.get("allow"));
    let allowed = allowed.and_then(toml::Value::as_array);
    let allowed = allowed.context("deny.toml allows no licences")?;
    let allowed: Vec<_> = allowed.iter().filter_map(toml::Value::as_str).collect();
    let mut findings = BTreeSet::new();
    for folder in [".", PEERS, TOKIO, FUZZER] {
        let licences = of_dependencies(workspace, folder, "--workspace")?;
        findings.extend(refused(&licences, &allowed));
        let lock = workspace.root().join(folder).join("Cargo.lock");
        findings.extend(foreign(&fs::read_to_string(lock)?.parse()?));
    }
    for (name, _) in PUBLISHED {
        let folder = if name == "wasio-tokio" { TOKIO } else { "." };
        let package = format!("--package {name} --edges normal,build");
        let licences = of_dependencies(workspace, folder, &package)?;
        findings.extend(refused(&licences, &OF_LIBRARIES));
    }
    Ok(findings.into_iter().collect())
}

/// A line per package: its name, its version and its licence.
fn of_dependencies(workspace: &Workspace, folder: &str, which: &str) -> anyhow::Result<String> {
    let tree = "tree --locked --all-features --target all --prefix none --no-dedupe";
    let mut command = workspace.cargo_in(folder, &format!("{tree} {which}"));
    command.args(["--format", "{p}\t{l}"]);
    said(command).with_context(|| format!("`cargo {tree} {which}` failed in {folder}"))
}

/// The packages with a licence that is not among `allowed`.
fn refused(packages: &str, allowed: &[&str]) -> BTreeSet<String> {
    let packages = packages.lines().filter_map(|line| line.split_once('\t'));
    let refused = packages.filter(|(_, licence)| !is_allowed(licence, allowed));
    refused
        .map(|(package, licence)| format!("{package} has the licence {licence:?}"))
        .collect()
}

/// Whether a licence, or a choice of some, is allowed; where several hold together, each is. What has
/// no licence is not published.
fn is_allowed(licence: &str, allowed: &[&str]) -> bool {
    let together = licence.split(" AND ");
    let is_allowed = |choice: &str| {
        let choice = choice.trim_matches(['(', ')']).replace('/', " OR ");
        choice
            .split(" OR ")
            .any(|one| allowed.contains(&one.trim()))
    };
    licence.is_empty() || together.into_iter().all(is_allowed)
}

/// The packages of a lock file that are from another place than the registry.
fn foreign(lock: &Table) -> Vec<String> {
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let foreign = packages.into_iter().flatten().filter_map(|package| {
        let source = package.get("source")?.as_str()?;
        let name = package.get("name")?.as_str()?;
        (source != REGISTRY).then(|| format!("{name} is from {source}"))
    });
    foreign.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_choice_is_enough_and_all_that_hold_together_are_needed() {
        let is_allowed = |licence| is_allowed(licence, &["MIT", "Zlib"]);
        assert!(is_allowed("MIT"));
        assert!(is_allowed("Apache-2.0/MIT"));
        assert!(is_allowed("(MIT OR Apache-2.0) AND Zlib"));
        assert!(!is_allowed("(MIT OR Apache-2.0) AND NCSA"));
        assert!(!is_allowed("Apache-2.0"));
        let packages = "a v1\tMIT\nb v1\tISC";
        let refused = refused(packages, &["MIT"]);
        assert_eq!(refused, ["b v1 has the licence \"ISC\"".to_owned()].into());
    }

    #[test]
    fn a_package_is_from_the_registry_or_from_here() {
        let lock = "[[package]]\nname = 'a'\n[[package]]\nname = 'b'\nsource = 'git+b'";
        assert_eq!(foreign(&lock.parse().unwrap()), ["b is from git+b"]);
    }
}
