//! The libraries are type-checked with every set of their features, on every target.

use std::process::Command;

use crate::cargo::Workspace;
use crate::test::step::Step;
use crate::test::steps::{SYSTEMS, TOKIO, for_03, said};

/// A library and its features. One that turns on another is left out of no set: those that are equal
/// cost nothing.
struct Library {
    package: &'static str,
    folder: &'static str,
    features: &'static [&'static str],
}

const WASIO: Library = Library {
    package: "wasio",
    folder: ".",
    features: &["net", "task", "log"],
};
const MIO: Library = Library {
    package: "mio",
    folder: ".",
    features: &["os-poll", "os-ext", "net", "log"],
};
const WASIO_TOKIO: Library = Library {
    package: "wasio-tokio",
    folder: TOKIO,
    features: &["connector", "wasip2"],
};

const NATIVE: &str = "this machine";
const WASI_03: &str = "WASI 0.3";
/// The flags with which the tests of tokio build for it.
const FLAGS_OF_TOKIO_03: &str = r#"--cfg tokio_unstable --cfg wasio_backend="p3""#;
const TARGETS: [&str; 7] = [
    NATIVE,
    "wasm32-wasip1",
    "wasm32-wasip1-threads",
    "wasm32-wasip2",
    WASI_03,
    SYSTEMS[0],
    SYSTEMS[1],
];

pub(super) fn steps(workspace: &Workspace) -> Vec<Step> {
    let mut listed = Command::new("rustup");
    listed.args(["target", "list", "--installed"]);
    let installed = said(listed).unwrap_or_default();
    let step = |target: &'static str| {
        let title = format!("types, every set of features, {target}");
        if SYSTEMS.contains(&target) && installed.lines().all(|one| one != target) {
            let remedy = format!("its target is not installed: rustup target add {target}");
            return Step::skipped(&title, &remedy);
        }
        let workspace = workspace.clone();
        Step::inside(&title, move || findings(&workspace, target))
    };
    TARGETS.map(step).into()
}

/// The sets of features that do not build for a target.
fn findings(workspace: &Workspace, target: &str) -> anyhow::Result<Vec<String>> {
    let mut findings = Vec::new();
    for library in libraries(target) {
        for set in sets(library.features) {
            if !is_for(&set, target) {
                continue;
            }
            let arguments = format!(
                "check --quiet --lib --no-default-features --package {}",
                library.package
            );
            let mut command = workspace.cargo_in(library.folder, &arguments);
            command.args(["--features", &set]);
            let mut command = command_for(workspace, command, target);
            if target == WASI_03 && library.folder == TOKIO {
                // This variable replaces the flags of that workspace.
                command.env("RUSTFLAGS", FLAGS_OF_TOKIO_03);
            }
            if !command.status()?.success() {
                findings.push(format!("{} with the features {set:?}", library.package));
            }
        }
    }
    Ok(findings)
}

/// The drop-in has no named pipes of Windows, and says so. hyper-util's client needs socket2, which is
/// not for WASI 0.1; nothing connects there.
fn is_for(set: &str, target: &str) -> bool {
    match target {
        "wasm32-wasip1" => !set.contains("connector"),
        target => !(set.contains("os-ext") && target.contains("windows")),
    }
}

/// Those of tokio are for the targets that its tests run on.
fn libraries(target: &str) -> Vec<Library> {
    match target {
        NATIVE | "wasm32-wasip1" | "wasm32-wasip2" | WASI_03 => vec![WASIO, MIO, WASIO_TOKIO],
        _ => vec![WASIO, MIO],
    }
}

fn command_for(workspace: &Workspace, mut command: Command, target: &str) -> Command {
    match target {
        NATIVE => command,
        WASI_03 => {
            command.args(["--target", "wasm32-wasip2"]);
            for_03(workspace, command)
        }
        target => {
            command.args(["--target", target]);
            command
        }
    }
}

/// All sets of some features, as Cargo takes them.
fn sets(features: &[&str]) -> Vec<String> {
    let set = |bits: usize| {
        let chosen = features.iter().enumerate();
        let chosen = chosen.filter(|(at, _)| bits >> at & 1 == 1);
        chosen.map(|(_, name)| *name).collect::<Vec<_>>().join(",")
    };
    (0..1 << features.len()).map(set).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_sets_are_there_the_empty_one_too() {
        assert_eq!(sets(&["a", "b"]), ["", "a", "b", "a,b"]);
    }

    #[test]
    fn every_feature_of_a_manifest_is_in_the_sets() {
        let workspace = Workspace::find().unwrap();
        for library in [WASIO, MIO, WASIO_TOKIO] {
            let manifest = format!("crates/{}/Cargo.toml", library.package);
            let manifest = std::fs::read_to_string(workspace.root().join(manifest)).unwrap();
            let manifest: toml::Table = manifest.parse().unwrap();
            let features = manifest["features"].as_table().unwrap();
            let names = features.keys().map(String::as_str);
            let mut names: Vec<_> = names.filter(|name| *name != "default").collect();
            let mut known = library.features.to_vec();
            names.sort_unstable();
            known.sort_unstable();
            assert_eq!(names, known, "{}", library.package);
        }
    }
}
