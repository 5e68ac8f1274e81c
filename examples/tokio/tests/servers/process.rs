//! Runs the programs as child processes.

use std::ffi::OsStr;
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
    Native,
}

pub(crate) const EVERYWHERE: [On; 3] = [On::Wasi01, On::Wasi02, On::Native];

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
    Native,
}

/// Builds the programs once, and returns their folder.
fn build(what: &Build) -> &'static Path {
    static DONE: [OnceLock<PathBuf>; 4] = [const { OnceLock::new() }; 4];
    // Without this lock, two runs of Cargo would wait for each other's build.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(2).unwrap();
    let guests = |target| {
        let arguments = "--workspace --bins --features live-bytes --release --target";
        arguments.split(' ').chain([target])
    };
    // Programs cannot connect on WASI 0.1.
    let but_clients = ["--exclude", "wasio-tokio-clients"];
    let (index, folder, arguments, result): (_, _, Vec<_>, _) = match what {
        Build::Host => (0, root, vec!["-p", "wasio-host"], "target/debug"),
        Build::Guests01 => (
            1,
            here,
            guests("wasm32-wasip1").chain(but_clients).collect(),
            "target/tokio/wasm32-wasip1/release",
        ),
        Build::Guests02 => (
            2,
            here,
            guests("wasm32-wasip2").collect(),
            "target/tokio/wasm32-wasip2/release",
        ),
        Build::Native => (
            3,
            here,
            vec!["--workspace", "--bins", "--features", "live-bytes"],
            "target/tokio/debug",
        ),
    };
    DONE[index].get_or_init(|| {
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        cargo(folder, "build", &arguments);
        root.join(result)
    })
}

fn cargo(folder: &Path, subcommand: &str, arguments: &[impl AsRef<OsStr>]) {
    let output = Command::new(env!("CARGO"))
        .arg(subcommand)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}
