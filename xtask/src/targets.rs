//! The wasm targets that the guests are built for.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail, ensure};

const NEEDED: [&str; 3] = ["wasm32-wasip1", "wasm32-wasip1-threads", "wasm32-wasip2"];

/// Adds the wasm targets that are not installed.
///
/// # Errors
/// A target is missing and rustup is not there, or could not add it.
pub(crate) fn add_missing() -> anyhow::Result<()> {
    let Some(installed) = installed_by_rustup()? else {
        return without_rustup(&sysroot_libraries()?);
    };
    let missing = missing_from(&installed);
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!("Adding the targets {} ...", missing.join(", "));
    let status = Command::new("rustup")
        .args(["target", "add"])
        .args(&missing)
        .status()?;
    ensure!(
        status.success(),
        "rustup could not add the targets {}: check the network",
        missing.join(", ")
    );
    Ok(())
}

/// `None` when there is no rustup.
fn installed_by_rustup() -> anyhow::Result<Option<BTreeSet<String>>> {
    let listed = Command::new("rustup")
        .args(["target", "list", "--installed"])
        .output();
    match listed {
        Ok(output) if output.status.success() => {
            let names = String::from_utf8_lossy(&output.stdout);
            Ok(Some(names.split_whitespace().map(str::to_owned).collect()))
        }
        Ok(output) => bail!(
            "`rustup target list --installed` failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).context("cannot start rustup"),
    }
}

fn missing_from(installed: &BTreeSet<String>) -> Vec<&'static str> {
    NEEDED
        .into_iter()
        .filter(|target| !installed.contains(*target))
        .collect()
}

/// A toolchain that some distribution installed may have the targets too.
fn without_rustup(installed: &BTreeSet<String>) -> anyhow::Result<()> {
    let missing = missing_from(installed);
    ensure!(
        missing.is_empty(),
        "the targets {} are missing and rustup, which adds them, is not on the PATH: \
         install it from https://rustup.rs, or add the targets to your toolchain yourself",
        missing.join(", ")
    );
    Ok(())
}

fn sysroot_libraries() -> anyhow::Result<BTreeSet<String>> {
    let output = Command::new("rustc")
        .args(["--print", "sysroot"])
        .output()
        .context("neither rustup nor rustc is on the PATH: install Rust from https://rustup.rs")?;
    let sysroot = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let libraries = Path::new(&sysroot).join("lib/rustlib");
    let entries = std::fs::read_dir(&libraries)
        .with_context(|| format!("cannot read {}", libraries.display()))?;
    Ok(entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn only_what_is_not_installed_is_missing() {
        assert!(missing_from(&set(&NEEDED)).is_empty());
        assert_eq!(missing_from(&set(&NEEDED[..2])), ["wasm32-wasip2"]);
    }

    #[test]
    fn without_rustup_the_missing_target_and_the_remedy_are_named() {
        assert!(without_rustup(&set(&NEEDED)).is_ok());
        let sentence = without_rustup(&set(&NEEDED[1..])).unwrap_err().to_string();
        assert!(sentence.contains("wasm32-wasip1 "), "{sentence}");
        assert!(sentence.contains("https://rustup.rs"), "{sentence}");
    }
}
