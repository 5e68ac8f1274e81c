//! The libraries build with the oldest dependencies that their manifests allow.
//!
//! They are copied into a workspace without anything else, since that holds for no version of what
//! the rest depends on.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use walkdir::WalkDir;

use crate::cargo::Workspace;

const FOLDERS: [&str; 5] = ["bindings", "mio", "realloc", "wasio", "wasio-tokio"];
/// What is built, and the flag that tokio asks for. Not all features of wasio-tokio are for WASI 0.1.
const BUILDS: [(&str, &str); 3] = [
    ("--workspace", ""),
    ("--package wasio --package mio --target wasm32-wasip1", ""),
    ("--workspace --target wasm32-wasip2", "--cfg tokio_unstable"),
];

pub(super) fn findings(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let copy = "target/oldest-dependencies/workspace";
    let place = workspace.root().join(copy);
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    for folder in FOLDERS {
        let folder = format!("crates/{folder}");
        copy_folder(&workspace.root().join(&folder), &place.join(&folder))?;
    }
    let manifest = fs::read_to_string(workspace.root().join("Cargo.toml"))?;
    fs::write(place.join("Cargo.toml"), of_libraries(&manifest)?)?;
    let of_tokio = place.join("crates/wasio-tokio/Cargo.toml");
    let manifest = fs::read_to_string(&of_tokio)?;
    fs::write(of_tokio, without_line(&manifest, "workspace = \"")?)?;

    let mut resolve = workspace.cargo_in(copy, "generate-lockfile --quiet");
    resolve.args(["-Z", "direct-minimal-versions"]);
    let status = resolve.env("RUSTC_BOOTSTRAP", "1").status()?;
    ensure!(status.success(), "the oldest versions exclude each other");
    let mut findings = Vec::new();
    for (which, flags) in BUILDS {
        let arguments = format!("check --quiet --lib --all-features {which}");
        let mut check = workspace.cargo_in(copy, &arguments);
        check
            .env("RUSTFLAGS", flags)
            .env("CARGO_TARGET_DIR", place.with_file_name("target"));
        if !check.status()?.success() {
            findings.push(format!(
                "`cargo {arguments}` fails with the oldest versions"
            ));
        }
    }
    Ok(findings)
}

/// The manifest of the workspace, with the libraries as its members.
fn of_libraries(manifest: &str) -> anyhow::Result<String> {
    let members = FOLDERS.map(|folder| format!("\"crates/{folder}\""));
    let members = format!("members = [{}]\n", members.join(", "));
    let rest = without_line(manifest, "members = [")?;
    let rest = without_line(&rest, "    \"crates/wasio-tokio\",")?;
    let rest = rest.replacen("[workspace]\n", &format!("[workspace]\n{members}"), 1);
    Ok(format!(
        "{rest}\n[patch.crates-io]\nmio = {{ path = \"crates/mio\" }}\n"
    ))
}

fn without_line(text: &str, start: &str) -> anyhow::Result<String> {
    let at = text.lines().position(|line| line.starts_with(start));
    let at = at.with_context(|| format!("no line of the manifest starts with {start:?}"))?;
    let lines = text.lines().enumerate().filter(|(number, _)| *number != at);
    Ok(lines.map(|(_, line)| format!("{line}\n")).collect())
}

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    for entry in WalkDir::new(from) {
        let entry = entry?;
        let place = to.join(entry.path().strip_prefix(from)?);
        if entry.file_type().is_dir() {
            fs::create_dir_all(&place)?;
        } else {
            fs::copy(entry.path(), &place).with_context(|| format!("copy {}", place.display()))?;
        }
    }
    Ok(())
}
