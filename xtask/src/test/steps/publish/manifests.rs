//! What the manifest of a package says of it, and the files that are packed with it.

use std::fs;

use anyhow::Context;
use toml::{Table, Value};

use super::PUBLISHED;
use crate::cargo::Workspace;
use crate::test::steps::{TOKIO, said};

/// What each package has beside its sources.
const FILES: [&str; 4] = ["Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];
/// What the registry and docs.rs show. A repository is not among them while it has no address.
const KEYS: [&str; 6] = [
    "description",
    "keywords",
    "categories",
    "license",
    "readme",
    "rust-version",
];
/// The folders, and the other files, that a package may have.
const ALLOWED: [&str; 7] = [
    "src/",
    "tests/",
    "wit/",
    "build.rs",
    "Cargo.lock",
    "Cargo.toml.orig",
    ".cargo_vcs_info.json",
];

pub(super) fn findings(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let mut findings = Vec::new();
    for (name, folder) in PUBLISHED {
        let path = workspace.root().join(folder).join("Cargo.toml");
        let manifest: Table = fs::read_to_string(&path)?.parse()?;
        findings.extend(of_manifest(name, &manifest));
        let place = if name == "wasio-tokio" { TOKIO } else { "." };
        let list = format!("package --list --allow-dirty -p {name}");
        let files = said(workspace.cargo_in(place, &list));
        let files = files.with_context(|| format!("`cargo {list}` failed"))?;
        findings.extend(of_files(name, &files));
    }
    Ok(findings)
}

fn of_manifest(name: &str, manifest: &Table) -> Vec<String> {
    let Some(package) = manifest.get("package").and_then(Value::as_table) else {
        return vec![format!("{name}: no [package]")];
    };
    let mut findings: Vec<_> = KEYS
        .iter()
        .filter(|key| !package.contains_key(**key))
        .map(|key| format!("{name}: no {key} in its manifest"))
        .collect();
    if package.contains_key("repository") {
        findings.push(format!("{name}: names a repository, which has no address"));
    }
    let targets = package.get("metadata").and_then(|table| table.get("docs"));
    let targets = targets.and_then(|docs| docs.get("rs")?.get("targets")?.as_array());
    if !targets.is_some_and(|targets| targets.contains(&Value::from("wasm32-wasip2"))) {
        findings.push(format!(
            "{name}: docs.rs does not show it for wasm32-wasip2"
        ));
    }
    findings
}

fn of_files(name: &str, files: &str) -> Vec<String> {
    let missing = FILES
        .iter()
        .filter(|file| files.lines().all(|one| one != **file))
        .map(|file| format!("{name}: its package has no {file}"));
    let is_allowed = |file: &&str| {
        FILES.contains(file) || ALLOWED.iter().any(|allowed| file.starts_with(allowed))
    };
    let strange = files
        .lines()
        .filter(|file| !is_allowed(file))
        .map(|file| format!("{name}: {file} is in its package"));
    missing.chain(strange).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_says_all_that_the_registry_shows_and_no_address() {
        let whole = "[package]\ndescription = 'a'\nkeywords = []\ncategories = []\n\
                     license.workspace = true\nreadme = 'b'\nrust-version = '1'\n\
                     [package.metadata.docs.rs]\ntargets = ['wasm32-wasip2']";
        let table = |text: &str| text.parse::<Table>().unwrap();
        assert!(of_manifest("a", &table(whole)).is_empty());
        let without = whole.replace("readme", "repository");
        let findings = of_manifest("a", &table(&without));
        assert_eq!(findings.len(), 2, "{findings:?}");
        let elsewhere = whole.replace("wasip2", "wasip1");
        assert_eq!(of_manifest("a", &table(&elsewhere)).len(), 1);
    }

    #[test]
    fn a_package_has_its_licences_and_nothing_strange() {
        let whole = "Cargo.toml\nLICENSE-APACHE\nLICENSE-MIT\nREADME.md\nsrc/lib.rs";
        assert!(of_files("a", whole).is_empty());
        assert_eq!(
            of_files("a", &whole.replace("LICENSE-MIT", "notes.txt")),
            [
                "a: its package has no LICENSE-MIT",
                "a: notes.txt is in its package"
            ]
        );
    }
}
