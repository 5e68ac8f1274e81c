//! wasio-host and the two wasmtimes in it are built once, whatever command builds them.
//!
//! Cargo turns on the features that the packages of one command need together. Where those of a
//! single dependency differ between two commands, all that stands on it is built twice: minutes.

use std::collections::{BTreeSet, HashSet};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::{CHAOS, GUESTS, NATIVE};
use crate::cargo::Workspace;

/// Commands of the steps and the tasks that build the host, and those that type-check it.
fn commands() -> [Vec<String>; 2] {
    let building = [
        format!("test {NATIVE}"),
        format!("test {GUESTS}"),
        "build --package wasio-host".to_owned(),
        format!("build {CHAOS}"),
        "build --package wasio-bench --bin bench".to_owned(),
    ];
    let checking = [
        "check --workspace --all-targets",
        "doc --no-deps --lib --workspace",
    ];
    [building.to_vec(), checking.map(str::to_owned).to_vec()]
}

pub(super) fn findings(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let mut findings = Vec::new();
    for commands in commands() {
        let first = in_host(workspace, &commands[0])?;
        for command in &commands[1..] {
            let other = in_host(workspace, command)?;
            let mut different: Vec<_> = first.symmetric_difference(&other).cloned().collect();
            if !different.is_empty() {
                different.insert(0, format!("`cargo {command}` builds the host once more:"));
                findings.push(different.join("\n  "));
            }
        }
    }
    Ok(findings)
}

/// What wasio-host consists of when `command` builds it: each package, with its features.
fn in_host(workspace: &Workspace, command: &str) -> anyhow::Result<BTreeSet<String>> {
    let mut cargo = workspace.cargo(command);
    cargo.args(["--locked", "--unit-graph", "-Z", "unstable-options"]);
    // It builds nothing; the compiler of the commands is the stable one.
    let output = cargo.env("RUSTC_BOOTSTRAP", "1").output()?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cargo {command}: {error}");
    let graph: Value = serde_json::from_slice(&output.stdout)?;
    let units = graph["units"].as_array().context("a graph has units")?;
    let host = units.iter().position(is_host);
    let host = host.with_context(|| format!("`cargo {command}` builds no host"))?;
    Ok(below(units, host))
}

/// The library, for whom it is a dependency.
fn is_host(unit: &Value) -> bool {
    let features = unit["features"].as_array();
    let runs = features.is_some_and(|names| names.iter().any(|name| name == "run"));
    let is_dependency = unit["mode"] == "build" || unit["mode"] == "check";
    runs && is_dependency && unit["target"]["name"] == "wasio_host"
}

/// A unit and all that it needs.
fn below(units: &[Value], start: usize) -> BTreeSet<String> {
    let (mut seen, mut left) = (HashSet::from([start]), vec![start]);
    let mut packages = BTreeSet::new();
    while let Some(unit) = left.pop().and_then(|index| units.get(index)) {
        let package = unit["pkg_id"].as_str().unwrap_or_default();
        let package = package.rsplit(['#', '/']).next().unwrap_or_default();
        packages.insert(format!("{package} with {}", unit["features"]));
        let needed = unit["dependencies"].as_array().into_iter().flatten();
        let needed = needed.filter_map(|dependency| dependency["index"].as_u64());
        let needed = needed.filter_map(|index| usize::try_from(index).ok());
        left.extend(needed.filter(|index| seen.insert(*index)));
    }
    packages
}
