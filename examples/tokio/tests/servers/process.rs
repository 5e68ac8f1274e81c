//! Runs the programs as child processes.

use std::env;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::LIMIT;

/// Where a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    Wasi01,
    Wasi02,
    Wasi03,
    Native,
}

/// Names the program of `hosts/newest`, which runs WASI 0.3. It takes minutes to build, so it takes
/// part where it is built already, as by `cargo xtask test`.
const NEWEST_HOST: &str = "WASIO_NEWEST_HOST";

pub(crate) fn everywhere() -> Vec<On> {
    let mut all = vec![On::Wasi01];
    all.extend(with_network());
    all
}

/// Where programs open sockets themselves.
pub(crate) fn with_network() -> Vec<On> {
    let mut all = vec![On::Wasi02, On::Native];
    if newest_host().is_some() {
        all.push(On::Wasi03);
    }
    all
}

fn newest_host() -> Option<PathBuf> {
    env::var_os(NEWEST_HOST).map(PathBuf::from)
}

/// Tests that measure time or load run alone. The others run in parallel.
static MACHINE: RwLock<()> = RwLock::new(());

pub(crate) fn share_machine() -> RwLockReadGuard<'static, ()> {
    MACHINE.read().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn own_machine() -> RwLockWriteGuard<'static, ()> {
    MACHINE.write().unwrap_or_else(PoisonError::into_inner)
}

/// A running program. Dropping this ends it.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    stdout: Option<thread::JoinHandle<String>>,
    errors: mpsc::Receiver<String>,
}

impl Server {
    pub(crate) fn start(program: &str, on: On) -> Self {
        Self::spawn(&mut command(program, on))
    }

    /// The same, for a program whose process may have so many descriptors open.
    pub(crate) fn start_limited(program: &str, on: On, descriptors: u32) -> Self {
        let unlimited = command(program, on);
        let mut shell = Command::new("sh");
        let script = format!("ulimit -n {descriptors} && exec \"$0\" \"$@\"");
        shell.args(["-c", &script]).arg(unlimited.get_program());
        shell.args(unlimited.get_args()).env_remove("LISTEN_PID");
        Self::spawn(&mut shell)
    }

    /// Starts a program that prints its address.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (found, address) = mpsc::channel();
        let stdout = thread::spawn({
            let (stdout, found) = (child.stdout.take().unwrap(), found.clone());
            move || {
                let mut text = String::new();
                for line in BufReader::new(stdout).lines().map(Result::unwrap) {
                    match line.strip_prefix("listening ") {
                        Some(address) => drop(found.send(address.parse().unwrap())),
                        None => text += &(line + "\n"),
                    }
                }
                text
            }
        });
        let stderr = child.stderr.take().unwrap();
        let (failed, errors) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                // The address that the host listens on for the program.
                match line.split_once("listening on ") {
                    Some((_, address)) => drop(found.send(address.parse().unwrap())),
                    None => {
                        eprintln!("{line}");
                        let _ = failed.send(line);
                    }
                }
            }
        });
        // Create this before anything can fail: dropping it ends the child.
        let mut server = Self {
            child,
            address: SocketAddr::from(([0; 4], 0)),
            stdout: Some(stdout),
            errors,
        };
        server.address = address.recv_timeout(LIMIT).expect("no address");
        server
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line on standard error that starts so.
    pub(crate) fn expect_error(&self, start: &str) {
        let deadline = Instant::now() + LIMIT;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.errors.recv_timeout(left).expect("no such error");
            if line.starts_with(start) {
                return;
            }
        }
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits until the program ends with success. Returns its standard output.
    pub(crate) fn finish(mut self) -> String {
        let deadline = Instant::now() + LIMIT;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if Instant::now() > deadline => panic!("it runs on"),
                None => thread::sleep(Duration::from_millis(5)),
            }
        };
        assert!(status.success(), "{status}");
        self.stdout.take().unwrap().join().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program that needs no connection until it ends with success. Returns its standard output.
pub(crate) fn run(program: &str, on: On) -> String {
    run_with(program, on, &[])
}

/// The same as [`run`], with arguments.
pub(crate) fn run_with(program: &str, on: On, arguments: &[String]) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = finish(program, on, arguments);
    let errors = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{program}: {status}: {errors}");
    String::from_utf8(stdout).unwrap()
}

/// Runs a program until it ends, which must happen within [`LIMIT`].
pub(crate) fn finish(program: &str, on: On, arguments: &[String]) -> Output {
    let (sender, receiver) = mpsc::channel();
    let child = command(program, on)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let id = child.id();
    thread::spawn(move || sender.send(child.wait_with_output()));
    let Ok(output) = receiver.recv_timeout(LIMIT) else {
        let _ = Command::new("kill")
            .arg("-KILL")
            .arg(id.to_string())
            .status();
        panic!("{program} runs on");
    };
    output.unwrap()
}

fn command(program: &str, on: On) -> Command {
    let mut command = match on {
        On::Native => Command::new(build(&Build::Native).join(program)),
        On::Wasi01 => {
            let guest = build(&Build::Guests01).join(program);
            let mut command = Command::new(host());
            command.args(["run", "--listen", "127.0.0.1:0"]);
            command.arg(guest.with_extension("wasm"));
            command
        }
        On::Wasi02 => {
            let guest = build(&Build::Guests02).join(program);
            let mut command = Command::new(host());
            command.args(["run", "--wasi", "0.2"]);
            command.arg(guest.with_extension("wasm"));
            command
        }
        On::Wasi03 => {
            let guest = build(&Build::Guests03).join(program);
            let host = newest_host().expect("it is listed where there is one");
            let mut command = Command::new(host);
            command.arg(guest.with_extension("wasm"));
            command
        }
    };
    // The preopened listener of another process must not be inherited.
    command.env_remove("LISTEN_PID");
    command
}

pub(crate) fn host() -> PathBuf {
    build(&Build::Host).join("wasio-host")
}

enum Build {
    Host,
    Guests01,
    Guests02,
    Guests03,
    Native,
}

/// The targets have a section of their own for the flags that tokio needs. A variable replaces those.
const FLAGS_OF_03: &str = r#"--cfg tokio_unstable --cfg wasio_backend="p3""#;

/// Builds the programs once, and returns their folder.
fn build(what: &Build) -> &'static Path {
    static DONE: [OnceLock<PathBuf>; 5] = [const { OnceLock::new() }; 5];
    // Without this lock, two runs of Cargo would wait for each other's build.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(2).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.arg("build").current_dir(here);
    let guests = "--workspace --bins --features live-bytes --release --target";
    let (index, arguments, result) = match what {
        Build::Host => {
            cargo.current_dir(root);
            (0, "-p wasio-host".to_owned(), "target/debug")
        }
        Build::Guests01 => (
            1,
            // Programs cannot connect on WASI 0.1.
            format!("{guests} wasm32-wasip1 --exclude wasio-tokio-clients"),
            "target/tokio/wasm32-wasip1/release",
        ),
        Build::Guests02 => (
            2,
            format!("{guests} wasm32-wasip2"),
            "target/tokio/wasm32-wasip2/release",
        ),
        Build::Guests03 => {
            cargo.env("RUSTFLAGS", FLAGS_OF_03);
            cargo.env("CARGO_TARGET_DIR", root.join("target/tokio/p3"));
            (
                3,
                format!("{guests} wasm32-wasip2"),
                "target/tokio/p3/wasm32-wasip2/release",
            )
        }
        Build::Native => (
            4,
            "--workspace --bins --features live-bytes".to_owned(),
            "target/tokio/debug",
        ),
    };
    DONE[index].get_or_init(|| {
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        cargo.args(arguments.split(' '));
        let output = cargo.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        root.join(result)
    })
}
