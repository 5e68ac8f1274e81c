//! Makes the custom sections that describe the imports of wasio and of a guest to the linker: see
//! the folders named wit.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde_json::Value;
use wit_component::{StringEncoding, metadata};
use wit_parser::Resolve;

use crate::cargo::Workspace;

/// The worlds, the package that has the text of their interfaces and where, and where they lie.
const WORLDS: [(&str, &str, &str, &str); 3] = [
    ("wasi-0.2", "wasip2", "wit", "crates/bindings/wit"),
    (
        "wasi-0.3",
        "wasmtime-wasi",
        "src/p3/wit",
        "crates/wasio/wit",
    ),
    (
        "http-0.3",
        "wasmtime-wasi-http",
        "src/p3/wit",
        "crates/guests/wit",
    ),
];

pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    for (world, package, text, folder) in WORLDS {
        let text = folder_of(workspace, package)?.join(text);
        let folder = workspace.root().join(folder);
        make(&folder, world, &text).with_context(|| format!("the world {world}"))?;
    }
    Ok(())
}

fn make(folder: &Path, world: &str, text: &Path) -> anyhow::Result<()> {
    let mut resolve = Resolve::default();
    resolve.push_dir(text)?;
    let ours = resolve.push_file(folder.join(format!("{world}.wit")))?;
    let world_id = resolve.select_world(&[ours], None)?;
    let section = metadata::encode(&resolve, world_id, StringEncoding::UTF8, None)?;
    let path = folder.join(format!("{world}.component-type"));
    fs::write(&path, &section)?;
    println!("{}: {} bytes", path.display(), section.len());
    Ok(())
}

/// The folder of a package that the workspace depends on.
fn folder_of(workspace: &Workspace, package: &str) -> anyhow::Result<PathBuf> {
    let output = workspace
        .cargo("metadata --format-version 1 --locked")
        .output()?;
    ensure!(output.status.success(), "cargo metadata failed");
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    let manifest = packages
        .iter()
        .find(|one| one["name"] == package)
        .and_then(|one| one["manifest_path"].as_str())
        .with_context(|| format!("the workspace does not depend on {package}"))?;
    let folder = PathBuf::from(manifest).parent().map(PathBuf::from);
    folder.context("a manifest lies in a folder")
}
