//! Runs the programs as child processes.

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
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
    /// On WASI 0.2, under wasmtime's own command line, 49.
    CommandLine02,
    /// On WASI 0.3, under the same.
    CommandLine03,
    /// On WASI 0.3, under that of wasmtime 46.
    CommandLine46,
    Native,
}

impl On {
    /// The command line of wasmtime that this is.
    fn command_line(self) -> Option<PathBuf> {
        match self {
            Self::CommandLine02 | Self::CommandLine03 => Some(wasmtime()),
            Self::CommandLine46 => Some(installed("wasmtime46")),
            Self::Wasi01 | Self::Wasi02 | Self::Wasi03 | Self::Native => None,
        }
    }
}

/// On our host and natively.
pub(crate) fn everywhere() -> Vec<On> {
    vec![On::Wasi01, On::Wasi02, On::Wasi03, On::Native]
}

/// The same, and on the command lines of wasmtime.
pub(crate) fn on_every_host() -> Vec<On> {
    let command_lines = [On::CommandLine02, On::CommandLine03, On::CommandLine46];
    with_command_lines(everywhere(), &command_lines)
}

/// Where programs open sockets themselves.
pub(crate) fn with_network() -> Vec<On> {
    let all = vec![On::Wasi02, On::Wasi03, On::Native];
    with_command_lines(all, &[On::CommandLine02])
}

/// The same, and on WASI 0.3 under the command lines too.
pub(crate) fn with_tls() -> Vec<On> {
    with_command_lines(with_network(), &[On::CommandLine03, On::CommandLine46])
}

/// Adds the command lines that are installed.
fn with_command_lines(mut all: Vec<On>, command_lines: &[On]) -> Vec<On> {
    for on in command_lines {
        if on.command_line().is_some_and(|path| path.exists()) {
            all.push(*on);
        } else {
            eprintln!("not run on {on:?}: cargo xtask hosts install");
        }
    }
    all
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
    /// The lines on standard output and on standard error.
    lines: mpsc::Receiver<String>,
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

    /// The same, with its standard input.
    pub(crate) fn start_with_input(program: &str, on: On) -> (Self, ChildStdin) {
        let mut server = Self::spawn_with(&mut command(program, on), Stdio::piped());
        let input = server.child.stdin.take().unwrap();
        (server, input)
    }

    /// The same, with an argument.
    pub(crate) fn start_with_input_and(
        program: &str,
        on: On,
        argument: &str,
    ) -> (Self, ChildStdin) {
        let mut command = command(program, on);
        let mut server = Self::spawn_with(command.arg(argument), Stdio::piped());
        let input = server.child.stdin.take().unwrap();
        (server, input)
    }

    /// The same, with a file as its standard input, which never blocks.
    pub(crate) fn start_with_file(program: &str, on: On, input: File) -> Self {
        Self::spawn_with(&mut command(program, on), input.into())
    }

    /// Starts a program that prints its address.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        Self::spawn_with(command, Stdio::null())
    }

    fn spawn_with(command: &mut Command, input: Stdio) -> Self {
        let mut child = command
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (found, address) = mpsc::channel();
        let (printed, lines) = mpsc::channel();
        let stdout = thread::spawn({
            let (stdout, found) = (child.stdout.take().unwrap(), found.clone());
            move || {
                let mut text = String::new();
                for line in BufReader::new(stdout).lines().map(Result::unwrap) {
                    match line.strip_prefix("listening ") {
                        Some(address) => drop(found.send(address.parse().unwrap())),
                        None => {
                            text += &format!("{line}\n");
                            let _ = printed.send(line);
                        }
                    }
                }
                text
            }
        });
        let stderr = child.stderr.take().unwrap();
        let (failed, errors) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                match address_of_host(&line) {
                    Some(address) => drop(found.send(address)),
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
            lines,
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

    /// The next line on standard error.
    pub(crate) fn next_error(&self) -> String {
        self.errors.recv_timeout(LIMIT).expect("no error")
    }

    /// Waits for the next line on standard output, which must be this one.
    pub(crate) fn expect_line(&self, expected: &str) {
        assert_eq!(self.next_line(), expected);
    }

    /// The next line on standard output.
    pub(crate) fn next_line(&self) -> String {
        self.lines.recv_timeout(LIMIT).expect("no line")
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
    succeeds(program, finish(program, on, arguments))
}

/// The same as [`finish`], for a program that may read a folder.
pub(crate) fn finish_in(folder: &Path, program: &str, on: On, arguments: &[String]) -> Output {
    let mut command = command_with(program, on, &["--dir".as_ref(), folder.as_ref()]);
    wait(program, command.args(arguments))
}

fn succeeds(program: &str, output: Output) -> String {
    let (status, errors) = (output.status, String::from_utf8_lossy(&output.stderr));
    assert!(status.success(), "{program}: {status}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a program until it ends, which must happen within [`LIMIT`].
pub(crate) fn finish(program: &str, on: On, arguments: &[String]) -> Output {
    wait(program, command(program, on).args(arguments))
}

fn wait(program: &str, command: &mut Command) -> Output {
    let (sender, receiver) = mpsc::channel();
    let child = command
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
    command_with(program, on, &[])
}

/// The same, with options of the host.
fn command_with(program: &str, on: On, options: &[&OsStr]) -> Command {
    let guests = match on {
        On::Native => Build::Native,
        On::Wasi01 => Build::Guests01,
        On::Wasi02 | On::CommandLine02 if program == "http-client" => Build::Https02,
        On::Wasi03 | On::CommandLine03 | On::CommandLine46 if program == "http-client" => {
            Build::Https03
        }
        On::Wasi02 | On::CommandLine02 => Build::Guests02,
        On::Wasi03 | On::CommandLine03 | On::CommandLine46 => Build::Guests03,
    };
    let program = build(&guests).join(program);
    let (host, arguments) = match on {
        On::Native => (program.clone(), ""),
        On::Wasi01 => (host(), "run --listen 127.0.0.1:0"),
        On::Wasi02 | On::Wasi03 => (host(), "run"),
        On::CommandLine02 | On::CommandLine03 => (wasmtime(), COMMAND_LINE),
        On::CommandLine46 => (installed("wasmtime46"), COMMAND_LINE),
    };
    let mut command = Command::new(host);
    if on != On::Native {
        command
            .args(arguments.split_whitespace())
            .args(options)
            .arg(program.with_extension("wasm"));
    }
    // The preopened listener of another process must not be inherited.
    command
        .env_remove("LISTEN_PID")
        .env_remove("RUST_BACKTRACE");
    command
}

pub(crate) fn host() -> PathBuf {
    build(&Build::Host).join("wasio-host")
}

/// The component that answers requests.
pub(crate) fn handler() -> PathBuf {
    build(&Build::Guests02).join("wasio_tokio_handler.wasm")
}

/// The command line of wasmtime 49, where it is installed.
pub(crate) fn wasmtime() -> PathBuf {
    installed("wasmtime49")
}

fn installed(version: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join(format!("hosts/installed/{version}/wasmtime_cli/wasmtime"))
}

/// How that runs a component.
const COMMAND_LINE: &str = "run -S inherit-network,allow-ip-name-lookup,http";

/// The address that the host listens on for the program, if the line says so.
fn address_of_host(line: &str) -> Option<SocketAddr> {
    let of_ours = line.split_once("listening on ").map(|(_, address)| address);
    let of_wasmtime = || {
        line.strip_prefix("Serving HTTP on http://")?
            .strip_suffix('/')
    };
    of_ours
        .or_else(of_wasmtime)
        .map(|address| address.parse().unwrap())
}

enum Build {
    Host,
    Guests01,
    Guests02,
    Guests03,
    /// What needs a compiler of C.
    Https02,
    Https03,
    Native,
}

/// The targets have a section of their own for the flags that tokio needs. A variable replaces those.
const FLAGS_OF_03: &str = r#"--cfg tokio_unstable --cfg wasio_backend="p3""#;

/// What is built for the targets of WASI, without what needs a compiler of C.
const GUESTS: &str = "--workspace --exclude wasio-tokio-https --bins --lib --features live-bytes \
                      --profile guest --target";

/// The programs that need a compiler of C.
const HTTPS: &str = "-p wasio-tokio-https --bins --profile guest --target wasm32-wasip2";

/// Where Cargo puts what it builds for 0.2 and for 0.3, which have the same target.
const FOLDER_OF_02: &str = "target/tokio/wasm32-wasip2/guest";
const FOLDER_OF_03: &str = "target/tokio/p3/wasm32-wasip2/guest";

/// Builds the programs once, and returns their folder.
fn build(what: &Build) -> &'static Path {
    static DONE: [OnceLock<PathBuf>; 7] = [const { OnceLock::new() }; 7];
    // Without this lock, two runs of Cargo would wait for each other's build.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(2).unwrap();
    let (index, arguments, result) = match what {
        Build::Host => (0, "-p wasio-host".to_owned(), "target/debug"),
        // Programs cannot connect on WASI 0.1.
        Build::Guests01 => (
            1,
            format!(
                "{GUESTS} wasm32-wasip1 --exclude wasio-tokio-clients --exclude wasio-tokio-grpc \
                 --exclude wasio-tokio-sqlx"
            ),
            "target/tokio/wasm32-wasip1/guest",
        ),
        Build::Guests02 => (2, format!("{GUESTS} wasm32-wasip2"), FOLDER_OF_02),
        // The handler is a component of WASI 0.2.
        Build::Guests03 => (
            3,
            format!("{GUESTS} wasm32-wasip2 --exclude wasio-tokio-handler"),
            FOLDER_OF_03,
        ),
        Build::Https02 => (4, HTTPS.to_owned(), FOLDER_OF_02),
        Build::Https03 => (5, HTTPS.to_owned(), FOLDER_OF_03),
        Build::Native => (
            6,
            "--workspace --bins --features live-bytes".to_owned(),
            "target/tokio/debug",
        ),
    };
    DONE[index].get_or_init(|| {
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let mut cargo = cargo(&arguments);
        cargo.current_dir(match what {
            Build::Host => root,
            _ => here,
        });
        if let Build::Guests03 | Build::Https03 = what {
            cargo.env("RUSTFLAGS", FLAGS_OF_03);
            cargo.env("CARGO_TARGET_DIR", root.join("target/tokio/p3"));
        }
        let output = cargo.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        root.join(result)
    })
}

fn cargo(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.arg("build").args(arguments.split_whitespace());
    // The variables of this package: the build script of ring runs again when they differ, and with
    // it what stands on ring is built again.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}
