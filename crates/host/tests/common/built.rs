//! Guests of this repository, built as the tests of `crates/guests` build them: what one
//! has built the other uses.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The flags of the compiler, and the folder for what is built with them.
type Flags = Option<(&'static str, &'static str)>;

/// The program `name` of `package`, built for `target`.
pub(crate) fn built(
    package: &str,
    name: &str,
    target: &str,
    options: &[&str],
    flags: Flags,
) -> PathBuf {
    let options = [&["--target", target], options].concat();
    let folder = build(package, name, &options, flags);
    let file = folder.join(target).join("guest");
    file.join(name).with_extension("wasm")
}

/// The program `name` of `package`, built for this machine.
#[allow(dead_code, reason = "not every test that includes this file uses it")]
pub(crate) fn native(package: &str, name: &str) -> PathBuf {
    build(package, name, &[], None).join("guest").join(name)
}

/// Builds a program. Returns the folder of all targets.
fn build(package: &str, name: &str, options: &[&str], flags: Flags) -> PathBuf {
    let package_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target_dir = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("guests");
    let target_dir = target_dir.join(flags.map_or("", |(folder, _)| folder));
    let mut command = Command::new(env!("CARGO"));
    command
        .current_dir(package_dir)
        .args(["build", "--quiet", "--profile", "guest"])
        .args(["--package", package, "--bin", name])
        .args(options)
        .arg("--target-dir")
        .arg(&target_dir);
    // What the outer cargo says about the native build must not reach this one.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO") && text != "CARGO_HOME" || text.starts_with("RUSTFLAGS") {
            command.env_remove(name);
        }
    }
    if let Some((_, flags)) = flags {
        command.env("RUSTFLAGS", flags);
    }
    let output = command.output().expect("start cargo");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{name} does not build with {options:?}:\n{errors}"
    );
    target_dir
}
