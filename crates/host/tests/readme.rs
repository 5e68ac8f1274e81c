//! The command lines of the README run as they are written there: what builds the server, and each
//! host that serves with it. So does its program. Only the port is another: one that is free here.
#![cfg(unix)]

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Where every server of the README listens.
const ADDRESS: &str = "127.0.0.1:7777";
/// The longest that a server may take to start and to answer.
const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn wasio_host_serves_by_the_lines_of_the_readme() {
    let host = Path::new(env!("CARGO_BIN_EXE_wasio-host"));
    let folder = host.parent().unwrap();
    assert_eq!(serve("wasio-host", folder, |_| true), 3);
}

/// Without what only wasmtime 46 and earlier have: sockets of WASI 0.1.
#[test]
#[ignore = "needs wasmtime: cargo xtask hosts install wasmtime46 wasmtime49"]
fn wasmtime_49_serves_by_the_lines_of_the_readme() {
    let folder = installed("wasmtime49");
    assert_eq!(
        serve("wasmtime", &folder, |line| !line.contains("tcplisten")),
        2
    );
}

#[test]
#[ignore = "needs wasmtime: cargo xtask hosts install wasmtime46 wasmtime49"]
fn wasmtime_46_serves_by_the_lines_of_the_readme() {
    assert_eq!(serve("wasmtime", &installed("wasmtime46"), |_| true), 3);
}

#[test]
fn the_program_of_the_readme_ticks_on_each_version_of_wasi_and_natively() {
    let address = free_address();
    let folder = readers_crate(&address.to_string());
    let host = Path::new(env!("CARGO_BIN_EXE_wasio-host"));
    let shell = Shell::new(host.parent().unwrap());
    let build = format!("cd {} && cargo build -q --offline", folder.display());
    let listen = format!("--listen {address}");
    for (target, flags, options) in [
        ("wasm32-wasip1", "", &*listen),
        ("wasm32-wasip2", "", ""),
        ("wasm32-wasip2", r#"--cfg wasio_backend="p3""#, ""),
    ] {
        shell.succeed(&format!(
            "export RUSTFLAGS='{flags}'; {build} --target {target}"
        ));
        let program = folder.join("target").join(target).join("debug/reader.wasm");
        let run = format!("exec wasio-host run {options} {}", program.display());
        shell.expect(&run, address, &[], b"tick\ntick\n");
    }
    shell.succeed(&build);
    let program = folder.join("target/debug/reader");
    let run = format!("exec {}", program.display());
    shell.expect(&run, address, &[], b"tick\ntick\n");
}

/// A crate with the program of the README, which listens on `address`.
fn readers_crate(address: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reader");
    fs::create_dir_all(folder.join("src")).unwrap();
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let (_, program) = readme.split_once("```rust,no_run\n").expect("a program");
    let (program, _) = program.split_once("```").expect("its end");
    assert!(program.contains(ADDRESS), "it listens elsewhere");
    let program = program.replace(ADDRESS, address);
    fs::write(folder.join("src/main.rs"), program).unwrap();
    let wasio = repository().join("crates/wasio");
    let manifest = format!(
        "[package]\nname = \"reader\"\nedition = \"2024\"\n[workspace]\n\
        [dependencies]\nwasio = {{ path = {wasio:?} }}\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    // The versions that are downloaded already.
    fs::copy(repository().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    folder
}

fn installed(name: &str) -> PathBuf {
    let folder = repository().join("hosts/installed").join(name);
    let program = folder.join("wasmtime_cli/wasmtime");
    assert!(program.exists(), "{} is missing", program.display());
    folder.join("wasmtime_cli")
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs the lines that build, and those of `host` that are wanted, in order. `folder` has the host's
/// program. Returns how many lines of the host there were.
fn serve(host: &str, folder: &Path, is_wanted: fn(&str) -> bool) -> usize {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let mut shell = Shell::new(folder);
    let mut served = 0;
    for line in lines(&readme) {
        match kind(line) {
            Kind::Variable => shell.variables.push_str(&format!("{line}\n")),
            Kind::Build => shell.succeed(line),
            Kind::Serve(program) if program == host && is_wanted(line) => {
                shell.expect_echo(line);
                served += 1;
            }
            Kind::Serve(_) | Kind::Install => {}
        }
    }
    served
}

/// The lines of the block that has the hosts, without comments.
fn lines(readme: &str) -> Vec<&str> {
    let mut blocks = readme.split("```sh\n").skip(1);
    let block = blocks.find(|block| block.contains("\nwasmtime run "));
    let block = block.and_then(|block| block.split("```").next());
    let lines = block.expect("a block with `wasmtime run`").lines();
    let lines = lines.map(|line| line.split(" #").next().unwrap_or_default().trim());
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

#[derive(Debug, PartialEq)]
enum Kind<'a> {
    /// Sets a variable of the lines that follow.
    Variable,
    /// Builds a guest.
    Build,
    /// Serves with this program, until it is killed.
    Serve(&'a str),
    /// Builds the host for minutes: the tests have built it already.
    Install,
}

fn kind(line: &str) -> Kind<'_> {
    let words: Vec<_> = line.split_whitespace().collect();
    match words[..] {
        ["wasio-host" | "wasmtime", "run", ..] => Kind::Serve(words[0]),
        ["cargo", "install", "--path", "crates/host"] => Kind::Install,
        _ if line.contains("$B ") => Kind::Build,
        [word, ..] if is_assignment(word) => Kind::Variable,
        _ => panic!("a line of the README that this test does not know: {line}"),
    }
}

fn is_assignment(word: &str) -> bool {
    let name = word.split('=').next().unwrap_or_default();
    name.len() < word.len() && name.chars().all(|letter| letter.is_ascii_uppercase())
}

/// What runs lines as a user's shell does.
struct Shell {
    path: OsString,
    variables: String,
}

impl Shell {
    fn new(folder: &Path) -> Self {
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::split_paths(&path);
        Self {
            path: env::join_paths([folder.to_owned()].into_iter().chain(path)).unwrap(),
            variables: String::new(),
        }
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new("bash");
        command
            .current_dir(repository())
            .args(["-euc", &format!("{}{line}", self.variables)])
            .env("PATH", &self.path)
            .stdin(Stdio::null());
        // What the outer cargo says about the native build must not reach an inner one.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO") && text != "CARGO_HOME" || text.starts_with("RUSTFLAGS") {
                command.env_remove(name);
            }
        }
        command
    }

    fn succeed(&self, line: &str) {
        let status = self.command(line).status().expect("start bash");
        assert!(status.success(), "{line}: {status}");
    }

    /// Serves by `line`, and has it echo.
    fn expect_echo(&self, line: &str) {
        assert!(line.contains(ADDRESS), "{line}: it serves elsewhere");
        let address = free_address();
        let line = line.replace(ADDRESS, &address.to_string());
        // The shell becomes the host, so that the host is what is killed.
        self.expect(&format!("exec {line}"), address, b"hello\n", b"hello\n");
    }

    /// Serves by `line`, and has it answer.
    fn expect(&self, line: &str, address: SocketAddr, sent: &[u8], expected: &[u8]) {
        let mut server = Server(self.command(line).spawn().expect("start bash"));
        let mut stream = server.connect(address, line);
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.write_all(sent).unwrap();
        let mut answer = vec![0; expected.len()];
        let read = stream.read_exact(&mut answer);
        assert!(read.is_ok(), "{line}: {read:?}");
        assert_eq!(answer, expected, "{line}");
    }
}

/// An address that nobody listened on a moment ago.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

struct Server(Child);

impl Server {
    /// A connection to it, as soon as it listens.
    fn connect(&mut self, address: SocketAddr, line: &str) -> TcpStream {
        let start = Instant::now();
        loop {
            match TcpStream::connect(address) {
                Ok(stream) => return stream,
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
                Err(error) => panic!("{line}: {error}"),
            }
            let ended = self.0.try_wait().unwrap();
            assert!(ended.is_none(), "{line}: it ended: {ended:?}");
            assert!(start.elapsed() < LIMIT, "{line}: it does not listen");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails when it has ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_line_is_what_its_first_words_say() {
    assert_eq!(kind("wasmtime run -S http a.wasm"), Kind::Serve("wasmtime"));
    assert_eq!(kind("B=\"cargo build\""), Kind::Variable);
    assert_eq!(kind("RUSTFLAGS='--cfg a' $B --target b"), Kind::Build);
    let readme = "```sh\na\n```\n```sh\nb\n# c\nwasmtime run  # d\n```\n";
    assert_eq!(lines(readme), ["b", "wasmtime run"]);
}
