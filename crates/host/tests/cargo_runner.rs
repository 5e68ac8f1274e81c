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

impl UserCrate {
    /// An empty one.
    fn new(name: &str) -> Self {
        let name = format!("wasio-host-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(folder.join("src")).unwrap();
        fs::create_dir_all(folder.join(".cargo")).unwrap();
        Self(folder)
    }
}

/// A crate whose runner is the one that was built.
fn user_crate() -> UserCrate {
    let user = UserCrate::new("user");
    let folder = &user.0;
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
    user
}

/// A crate on wasio, with the lines from the README for its configuration.
fn readers_crate() -> UserCrate {
    let reader = UserCrate::new("reader");
    let folder = &reader.0;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    let root = root.unwrap();
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let (_, lines) = readme.split_once("```toml\n[target.").unwrap();
    let (lines, _) = lines.split_once("```").unwrap();
    fs::write(
        folder.join(".cargo/config.toml"),
        format!("[target.{lines}"),
    )
    .unwrap();
    let wasio = root.join("crates/wasio");
    fs::write(
        folder.join("Cargo.toml"),
        format!(
            "[package]\nname = \"reader\"\nedition = \"2024\"\n[workspace]\n\
            [dependencies]\nwasio = {{ path = {wasio:?} }}\n\
            [features]\nthreads = []\n"
        ),
    )
    .unwrap();
    // The versions that are downloaded already.
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    fs::write(
        folder.join("src/lib.rs"),
        r#"//! Of which the example runs, too:
        //! ```
        //! assert!(wasio::Poll::new().is_ok());
        //! ```
        #[test]
        fn waits_for_a_timer() {
            use wasio::{Events, Interest, Poll, Token, time::Timer};
            let (mut poll, mut events) = (Poll::new().unwrap(), Events::with_capacity(1));
            let mut timer = Timer::oneshot(std::time::Duration::from_millis(5));
            poll.registry().register(&mut timer, Token(7), Interest::READABLE).unwrap();
            poll.poll(&mut events, None).unwrap();
            assert_eq!(events.iter().next().unwrap().token(), Token(7));
        }
        #[cfg(feature = "threads")]
        #[test]
        fn starts_a_thread() { std::thread::spawn(|| ()).join().unwrap(); }
        "#,
    )
    .unwrap();
    reader
}

/// Runs cargo in `folder`: its exit code and output.
fn cargo(folder: &Path, args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO"));
    command.args(args).current_dir(folder).stdin(Stdio::null());
    // As if it were installed.
    let installed = Path::new(env!("CARGO_BIN_EXE_wasio-host")).parent();
    let folders = installed.map(Path::to_owned).into_iter();
    let others = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths(folders.chain(std::env::split_paths(&others)));
    command.env("PATH", path.unwrap());
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

    // What would be an option of the host is none behind the guest, whichever argument it is.
    for args in [
        ["-x", "--listen"],
        ["--help", "-x"],
        ["--listen", "--"],
        ["--", "--dir=/"],
        ["--env", "X=Y"],
    ] {
        let (code, text) = cargo(folder, &[&["run"][..], &target, &["--"], &args].concat());
        assert_eq!(code, Some(11), "{text}");
        assert!(text.contains("\ntrue\n"), "the directory: {text}");
        let [one, two] = args;
        let printed = format!(r#"["user.wasm", "{one}", "{two}"] Ok("host")"#);
        assert!(text.contains(&printed), "{printed}: {text}");
    }
}

#[test]
fn the_lines_of_the_readme_test_a_crate_on_wasio_on_each_target() {
    let reader = readers_crate();
    for (target, options, tests) in [
        ("wasm32-wasip1", &[][..], 1),
        ("wasm32-wasip1-threads", &["--features", "threads"], 2),
        ("wasm32-wasip2", &[], 1),
    ] {
        let args = [&["test", "--offline", "--target", target], options].concat();
        let (code, text) = cargo(&reader.0, &args);
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains(&format!("{tests} passed")), "{text}");
        let (_, example) = text.split_once("Doc-tests reader").unwrap();
        assert!(example.contains("1 passed"), "{text}");
    }
}
