//! The packages whose tests are run, in `target/upstream`: nothing of theirs is in this repository.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde_json::Value;
use walkdir::WalkDir;

use crate::cargo::Workspace;

/// From a folder of `target/upstream`.
const DROP_IN: &str = "../../../crates/mio";

/// Copies tokio, of the version that the programs on tokio are locked to, with its tests. What its
/// tests need stands on the copy too.
pub(super) fn of_tokio(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let from = tokio_of_registry(workspace)?;
    let name = from.file_name().context("a package has a folder")?;
    let to = workspace.root().join("target/upstream").join(name);
    let manifest = to.join("Cargo.toml");
    // Written last. Another copy would be newer than what was built of this one.
    if manifest.exists() {
        return Ok(to);
    }
    for entry in WalkDir::new(&from) {
        let entry = entry?;
        let place = to.join(entry.path().strip_prefix(&from)?);
        if entry.file_type().is_dir() {
            fs::create_dir_all(place)?;
        } else if place != manifest {
            fs::copy(entry.path(), place)?;
        }
    }
    let lock = fs::read_to_string(from.join("Cargo.lock"))?;
    fs::write(to.join("Cargo.lock"), without(&lock, &["mio", "tokio"]))?;
    let text = fs::read_to_string(from.join("Cargo.toml"))?;
    let patched = format!(
        "{text}\n[workspace]\n\n[patch.crates-io]\nmio = {{ path = \"{DROP_IN}\" }}\ntokio = {{ path = \".\" }}\n"
    );
    fs::write(manifest, patched)?;
    Ok(to)
}

/// Where cargo has the package of tokio.
fn tokio_of_registry(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let mut cargo = workspace.cargo_in("examples/tokio", "metadata --format-version 1 --locked");
    let output = cargo.output().context("cannot start cargo")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cargo metadata failed: {errors}");
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array();
    let tokio = packages
        .into_iter()
        .flatten()
        .find(|it| it["name"] == "tokio");
    let manifest = tokio.and_then(|tokio| tokio["manifest_path"].as_str());
    let manifest = Path::new(manifest.context("examples/tokio does not depend on tokio")?);
    Ok(manifest
        .parent()
        .context("a manifest has a folder")?
        .to_owned())
}

/// A lock file without the packages of these names, which a patch replaces. Cargo would keep to the
/// versions of the lock file, and leave the patch out.
fn without(lock: &str, names: &[&str]) -> String {
    let is_other = |package: &&str| {
        let name = package
            .lines()
            .find_map(|line| line.strip_prefix("name = "));
        !name.is_some_and(|name| names.contains(&name.trim_matches('"')))
    };
    let packages: Vec<_> = lock.split("\n\n").filter(is_other).collect();
    packages.join("\n\n")
}

/// A package of the tests of a checkout of mio, which stay where they are.
pub(super) fn of_mio(workspace: &Workspace, checkout: &Path) -> anyhow::Result<PathBuf> {
    let tests = checkout.join("tests");
    let tests = fs::canonicalize(&tests).with_context(|| tests.display().to_string())?;
    let mut files: Vec<_> = tests
        .read_dir()?
        .map(|entry| Ok(entry?.path()))
        .collect::<anyhow::Result<_>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files.sort();
    let folder = workspace.root().join("target/upstream/mio");
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "")?;
    fs::write(folder.join("Cargo.toml"), manifest_of_mio(&files))?;
    Ok(folder)
}

fn manifest_of_mio(files: &[PathBuf]) -> String {
    let tests = files.iter().map(|path| {
        let name = path.file_stem().unwrap_or_default().display();
        format!("\n[[test]]\nname = \"{name}\"\npath = {path:?}\n")
    });
    let tests: String = tests.collect();
    format!(
        r#"[workspace]

[package]
name = "tests-of-mio"
edition = "2021"
autotests = false

# The tests ask for them by these names.
[features]
default = ["net", "os-ext", "os-poll"]
net = ["mio/net"]
os-ext = ["mio/os-ext"]
os-poll = ["mio/os-poll"]

[dependencies]
mio = {{ path = "{DROP_IN}" }}

[dev-dependencies]
env_logger = {{ version = "0.11", default-features = false }}
libc = "0.2"
log = "0.4"
rand = "0.9"
{tests}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_file_loses_the_packages_that_are_patched() {
        let lock = "version = 4\n\n[[package]]\nname = \"log\"\nversion = \"1\"\n\n\
                    [[package]]\nname = \"mio\"\nversion = \"1\"\n\n\
                    [[package]]\nname = \"mio-aio\"\nversion = \"1\"\n";
        let left = "version = 4\n\n[[package]]\nname = \"log\"\nversion = \"1\"\n\n\
                    [[package]]\nname = \"mio-aio\"\nversion = \"1\"\n";
        assert_eq!(without(lock, &["mio", "tokio"]), left);
    }

    #[test]
    fn each_file_of_mio_is_a_test_of_the_manifest() {
        let files = ["/mio/tests/tcp.rs", "/mio/tests/udp_socket.rs"].map(PathBuf::from);
        let manifest: toml::Table = toml::from_str(&manifest_of_mio(&files)).unwrap();
        let tests = manifest["test"].as_array().unwrap();
        assert_eq!(tests.len(), 2);
        assert_eq!(tests[1]["name"].as_str(), Some("udp_socket"));
        assert_eq!(tests[1]["path"].as_str(), Some("/mio/tests/udp_socket.rs"));
    }
}
