//! `cargo test` and `cargo run` in a crate of a user, with this runner.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use wait_timeout::ChildExt;

const LIMIT: Duration = Duration::from_secs(120);

/// A crate outside of this workspace, removed when it is dropped.
struct UserCrate(PathBuf);

impl Drop for UserCrate {
    fn drop(&mut self) {
        // What is left is in the system's folder for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A crate whose runner is the one that was built.
fn user_crate() -> UserCrate {
    let folder = std::env::temp_dir().join(format!("wasio-host-user-{}", std::process::id()));
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::create_dir_all(folder.join(".cargo")).unwrap();
    let runner = env!("CARGO_BIN_EXE_wasio-host");
    fs::write(
        folder.join(".cargo/config.toml"),
        format!(
            "[target.wasm32-wasip1]\nrunner = [{runner:?}, \"run\", \"--env\", \"FROM=host\", \"--dir\", \"{}::/data\"]\n",
            folder.display()
        ),
    )
    .unwrap();
    fs::write(
        folder.join("Cargo.toml"),
        "[package]\nname = \"user\"\nedition = \"2024\"\n[workspace]\n",
    )
    .unwrap();
    fs::write(
        folder.join("src/main.rs"),
        r#"fn main() {
            let args: Vec<String> = std::env::args().collect();
            println!("{args:?} {:?}", std::env::var("FROM"));
            let manifest = std::fs::read_to_string("/data/Cargo.toml").unwrap();
            println!("{}", manifest.contains("user"));
            std::process::exit(11);
        }
        #[test]
        fn passes() { assert_eq!(std::env::var("FROM").as_deref(), Ok("host")); }
        #[test]
        #[ignore = "asked for by name"]
        fn fails() { panic!("as it should"); }
        "#,
    )
    .unwrap();
    UserCrate(folder)
}

/// Runs cargo in `folder`: its exit code and output.
fn cargo(folder: &Path, args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO"));
    command.args(args).current_dir(folder).stdin(Stdio::null());
    // What the outer cargo says about this workspace is not the user's.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO") && text != "CARGO_HOME" || text.starts_with("RUSTFLAGS") {
            command.env_remove(name);
        }
    }
    let (mut reader, writer) = std::io::pipe().unwrap();
    command.stdout(writer.try_clone().unwrap()).stderr(writer);
    let mut child = command.spawn().unwrap();
    drop(command);
    let output = std::thread::spawn(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).map(|_| text)
    });
    let Some(status) = child.wait_timeout(LIMIT).unwrap() else {
        child.kill().unwrap();
        panic!("cargo hangs");
    };
    (status.code(), output.join().unwrap().unwrap())
}

#[test]
fn cargo_runs_a_users_tests_and_program() {
    let user = user_crate();
    let folder = &user.0;
    let target = ["--offline", "--target", "wasm32-wasip1"];
    let (code, text) = cargo(folder, &[&["test"][..], &target].concat());
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("test passes ... ok"), "{text}");
    assert!(text.contains("1 passed; 0 failed; 1 ignored"), "{text}");

    let (code, text) = cargo(
        folder,
        &[&["test"][..], &target, &["--", "--ignored"]].concat(),
    );
    assert_ne!(code, Some(0), "{text}");
    assert!(text.contains("user::fails"), "{text}");

    let (code, text) = cargo(
        folder,
        &[&["run"][..], &target, &["--", "-x", "--listen"]].concat(),
    );
    assert_eq!(code, Some(11), "{text}");
    assert!(text.contains("\ntrue\n"), "the directory: {text}");
    assert!(
        text.contains(r#"["user.wasm", "-x", "--listen"] Ok("host")"#),
        "{text}"
    );
}
