//! The program `wasio-host` while it runs a guest.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use wait_timeout::ChildExt;

use crate::built::built;

pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A WASI, and what a guest is built for to run on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Version {
    pub(crate) name: &'static str,
    pub(crate) options: &'static [&'static str],
    pub(crate) target: &'static str,
    pub(crate) features: &'static str,
    /// Flags of the compiler, and the folder for what is built with them.
    pub(crate) flags: Option<(&'static str, &'static str)>,
}

pub(crate) const SOCKETS01: Version = Version {
    name: "0.1-sockets",
    options: &["--wasi", "0.1-sockets"],
    target: "wasm32-wasip1",
    features: "p1",
    flags: None,
};
pub(crate) const THREADS01: Version = Version {
    name: "0.1-threads",
    options: &["--threads"],
    target: "wasm32-wasip1-threads",
    ..SOCKETS01
};
pub(crate) const LISTENS01: Version = Version {
    options: &["--listen", "127.0.0.1:0"],
    ..SOCKETS01
};
pub(crate) const PLAIN01: Version = Version {
    name: "0.1",
    options: &["--wasi", "0.1"],
    ..SOCKETS01
};
pub(crate) const SOCKETS02: Version = Version {
    name: "0.2",
    options: &["--wasi", "0.2"],
    target: "wasm32-wasip2",
    features: "p2",
    flags: None,
};
pub(crate) const SOCKETS03: Version = Version {
    name: "0.3",
    options: &["--wasi", "0.3"],
    features: "p3",
    flags: Some(("p3", "--cfg wasio_backend=\"p3\"")),
    ..SOCKETS02
};

impl Version {
    pub(crate) fn guest(self, name: &str) -> PathBuf {
        let options = ["--features", self.features];
        built("wasio-guests", name, self.target, &options, self.flags)
    }

    pub(crate) fn example(self, name: &str) -> PathBuf {
        built("wasio-examples", name, self.target, &[], self.flags)
    }

    /// The program, about to run `guest`.
    pub(crate) fn run(self, guest: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wasio-host"));
        command.arg("run").args(self.options).arg(guest);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// The program while it runs: all waits are bounded.
pub(crate) struct Running {
    pub(crate) what: String,
    pub(crate) child: Child,
    pub(crate) stdout: Receiver<String>,
    pub(crate) stderr: Receiver<String>,
}

impl Running {
    pub(crate) fn start(command: &mut Command, what: String) -> Self {
        let mut child = command.spawn().expect("start");
        let stdout = lines_of(child.stdout.take().expect("piped"));
        let stderr = lines_of(child.stderr.take().expect("piped"));
        Self {
            what,
            child,
            stdout,
            stderr,
        }
    }

    pub(crate) fn next_line(&self, lines: &Receiver<String>) -> String {
        let line = lines.recv_timeout(LIMIT);
        line.unwrap_or_else(|error| panic!("{}: {error}", self.what))
    }

    /// Waits until it has ended well, and returns what it has said since.
    pub(crate) fn succeeds(mut self) -> (String, String) {
        let status = self.child.wait_timeout(LIMIT).expect("wait");
        if status.is_none() {
            self.child.kill().expect("kill");
        }
        // Both end with the program.
        let (stdout, stderr): (String, String) =
            (self.stdout.iter().collect(), self.stderr.iter().collect());
        let code = status.map(|status| status.code());
        assert_eq!(code, Some(Some(0)), "{}\n{stdout}\n{stderr}", self.what);
        (stdout, stderr)
    }
}

/// Sends each line as it comes.
fn lines_of(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = String::new();
        while matches!(pipe.read_line(&mut line), Ok(1..)) {
            // Nobody listens any more when the test has failed.
            let _ = sender.send(std::mem::take(&mut line));
        }
    });
    receiver
}

/// Where the program listens: on WASI 0.1 it says so itself, elsewhere the guest does.
pub(crate) fn address_of(running: &Running) -> String {
    let line = if running.what.ends_with(SOCKETS01.name) || running.what.ends_with(THREADS01.name) {
        running.next_line(&running.stderr)
    } else {
        running.next_line(&running.stdout)
    };
    let (_, address) = line.split_once("listening ").expect("where it listens");
    address.trim_end().trim_start_matches("on ").to_owned()
}
