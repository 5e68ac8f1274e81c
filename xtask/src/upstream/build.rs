//! The programs of the tests, as cargo builds them.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::{Options, Place, Wasi};

/// A program of tests.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Program {
    /// The name of its file.
    pub(super) file: String,
    pub(super) path: PathBuf,
}

/// What of tokio is built.
const NATIVE: &str = "full";
/// As in tokio's continuous integration.
const WASI: &str = "net,macros,rt,io-util";

/// Builds the programs.
pub(super) fn programs(place: &Place<'_>, options: &Options) -> anyhow::Result<Vec<Program>> {
    let mut cargo = place
        .workspace
        .cargo("test --no-run --message-format json-render-diagnostics");
    let folder = match place.wasi {
        None => "native",
        Some(Wasi::P2) => "wasi-0.2",
        Some(Wasi::P3) => "wasi-0.3",
    };
    cargo
        .current_dir(place.package)
        .env(
            "CARGO_TARGET_DIR",
            place.workspace.root().join("target/upstream").join(folder),
        )
        .env("RUSTFLAGS", flags(place.wasi))
        // They would take ten times the room.
        .env("CARGO_PROFILE_DEV_DEBUG", "0");
    if place.wasi.is_some() {
        cargo.args(["--target", "wasm32-wasip2"]);
    }
    if options.mio.is_none() {
        cargo.args([
            "--features",
            if place.wasi.is_some() { WASI } else { NATIVE },
        ]);
    }
    if options.files.is_empty() {
        cargo.arg("--tests");
    }
    for file in &options.files {
        cargo.args(["--test", file]);
    }
    let output = cargo
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    ensure!(output.status.success(), "cargo could not build the tests");
    let messages = String::from_utf8(output.stdout)?;
    programs_of(&messages, &place.workspace.root().join("crates/mio"))
}

/// The flags of the compiler. The warnings are upstream's.
const fn flags(wasi: Option<Wasi>) -> &'static str {
    match wasi {
        None => "-Awarnings",
        // tokio has its network types on WASI behind this flag.
        Some(Wasi::P2) => "-Awarnings --cfg tokio_unstable",
        Some(Wasi::P3) => "-Awarnings --cfg tokio_unstable --cfg wasio_backend=\"p3\"",
    }
}

/// The programs of tests that cargo's messages name.
///
/// # Errors
/// The mio that was built is not the one in `drop_in`.
fn programs_of(messages: &str, drop_in: &Path) -> anyhow::Result<Vec<Program>> {
    let mut programs = Vec::new();
    let mut has_drop_in = false;
    for line in messages.lines() {
        let message: Value = serde_json::from_str(line)?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let file = text(&message["target"]["name"]);
        let manifest = PathBuf::from(text(&message["manifest_path"]));
        if file == "mio" {
            has_drop_in = manifest.starts_with(drop_in);
            ensure!(has_drop_in, "mio is that of {}", manifest.display());
        }
        if message["profile"]["test"] == true && message["executable"].is_string() {
            let path = text(&message["executable"]).into();
            programs.push(Program { file, path });
        }
    }
    ensure!(has_drop_in, "no mio was built");
    programs.sort_by(|one, other| one.file.cmp(&other.file));
    Ok(programs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIBRARY: &str = r#"{"reason":"compiler-artifact","manifest_path":"/wasio/crates/mio/Cargo.toml","target":{"name":"mio"},"profile":{"test":false},"executable":null}"#;
    const TEST: &str = r#"{"reason":"compiler-artifact","manifest_path":"/tokio/Cargo.toml","target":{"name":"udp"},"profile":{"test":true},"executable":"/target/udp-1.wasm"}"#;
    const END: &str = r#"{"reason":"build-finished","success":true}"#;

    #[test]
    fn the_programs_are_those_of_tests() {
        let messages = [LIBRARY, TEST, END].join("\n");
        let programs = programs_of(&messages, Path::new("/wasio/crates/mio")).unwrap();
        let file = "udp".to_owned();
        let path = "/target/udp-1.wasm".into();
        assert_eq!(programs, [Program { file, path }]);
    }

    #[test]
    fn another_mio_than_the_drop_in_is_an_error() {
        let messages = [LIBRARY, TEST, END].join("\n");
        let error = programs_of(&messages, Path::new("/other/crates/mio")).unwrap_err();
        assert!(error.to_string().contains("/wasio/crates/mio"), "{error}");
        let error = programs_of(TEST, Path::new("/wasio/crates/mio")).unwrap_err();
        assert!(error.to_string().contains("no mio"), "{error}");
    }
}
