//! Whether cargo uses the patch, and the sign of it where it does not.
#![cfg(not(target_family = "wasm"))]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");

/// Writes a program that patches mio and asks for a later version, which its registry has: a folder
/// with that one package.
fn program_that_asks_for_a_later_mio() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("patch");
    let files = [
        (
            "Cargo.toml",
            &*format!(
                "[package]\nname = \"program\"\nedition = \"2024\"\n[workspace]\n\
                 [dependencies]\nmio = \"9\"\n\
                 [patch.crates-io]\nmio = {{ path = {PACKAGE:?} }}\n"
            ),
        ),
        (
            ".cargo/config.toml",
            "[source.crates-io]\nreplace-with = \"here\"\n[source.here]\ndirectory = \"registry\"\n",
        ),
        ("src/lib.rs", ""),
        (
            "registry/mio/Cargo.toml",
            "[package]\nname = \"mio\"\nversion = \"9.0.0\"\nedition = \"2024\"\n",
        ),
        ("registry/mio/src/lib.rs", ""),
        ("registry/mio/.cargo-checksum.json", "{\"files\":{}}"),
    ];
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn a_patch_that_no_requirement_matches_has_a_sign() {
    let folder = program_that_asks_for_a_later_mio();
    let output = Command::new(env!("CARGO"))
        .args(["generate-lockfile", "--offline"])
        .current_dir(&folder)
        .output()
        .unwrap();
    let warning = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{warning}");
    assert!(
        warning.contains("was not used in the crate graph"),
        "{warning}"
    );
    let lock = fs::read_to_string(folder.join("Cargo.lock")).unwrap();
    let (_, unused) = lock.split_once("[[patch.unused]]\n").expect("the sign");
    assert!(unused.starts_with("name = \"mio\"\n"), "{lock}");
}

/// The lock file of the examples, which the patch is in use for.
#[test]
fn a_patch_in_use_has_no_sign() {
    let lock = Path::new(PACKAGE).join("../../examples/tokio/Cargo.lock");
    let lock = fs::read_to_string(lock).unwrap();
    assert!(!lock.contains("[[patch.unused]]"), "{lock}");
    let (_, mio) = lock.split_once("name = \"mio\"\n").expect("mio");
    let (mio, _) = mio.split_once("\n\n").expect("more packages");
    assert!(!mio.contains("source = "), "from a registry: {mio}");
}
