//! A guest that runs, in this process or natively.

use std::io::PipeWriter;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use wasio_host::{Exit, Outcome, Running, peer};

use super::case::Case;
use super::native;

/// How often the output of a guest is looked at.
const POLL_OUTPUT: Duration = Duration::from_millis(1);

/// How long the guest of a failed test may take to end by itself.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A guest that runs. It is stopped when this is dropped.
#[derive(Debug)]
pub(crate) struct Session {
    case: Case,
    /// `None` once its end is waited for.
    started: Option<Started>,
}

#[derive(Debug)]
pub(super) enum Started {
    Wasm(Running),
    Native(native::Child),
}

impl Session {
    pub(super) fn new(case: Case, started: Started) -> Self {
        Self {
            case,
            started: Some(started),
        }
    }

    fn started(&self) -> &Started {
        self.started.as_ref().expect("waiting for its end takes it")
    }

    /// Where the guest listens, in the order in which it asks for listeners.
    pub(crate) fn addr(&self, index: usize) -> SocketAddr {
        match self.started() {
            Started::Wasm(running) => running.addr(index),
            Started::Native(child) => child.addr(index),
        }
    }

    /// A connection to its first listener, see [`peer::connect`].
    pub(crate) fn connect(&self) -> TcpStream {
        peer::connect(self.addr(0)).expect("connect to the guest")
    }

    /// The same, see [`peer::connect_narrow`].
    pub(crate) fn connect_narrow(&self) -> TcpStream {
        peer::connect_narrow(self.addr(0)).expect("connect to the guest")
    }

    /// The writing end of `Stdin::Pipe`; dropping it is the end of file.
    pub(crate) fn take_stdin(&mut self) -> Option<PipeWriter> {
        match self.started.as_mut()? {
            Started::Wasm(running) => running.take_stdin(),
            Started::Native(child) => child.take_stdin(),
        }
    }

    /// Waits until its standard output is `text`, whole lines.
    ///
    /// # Panics
    /// If it is not before the time of the test is over.
    pub(crate) fn expect_stdout(&self, text: &str) {
        loop {
            let said = match self.started() {
                Started::Wasm(running) => without_listening(running.stdout_so_far()),
                Started::Native(child) => child.stdout_so_far(),
            };
            if said == text.as_bytes() {
                return;
            }
            let said = String::from_utf8_lossy(&said);
            assert!(text.starts_with(&*said), "{said:?} is not {text:?}");
            assert!(
                !self.case.time_left().is_zero(),
                "{said:?} is all of {text:?}"
            );
            std::thread::sleep(POLL_OUTPUT);
        }
    }

    /// Waits until its standard output has `part`.
    ///
    /// # Panics
    /// If it has not before the time of the test is over.
    pub(crate) fn expect_in_stdout(&self, part: &str) {
        loop {
            let said = match self.started() {
                Started::Wasm(running) => running.stdout_so_far(),
                Started::Native(child) => child.stdout_so_far(),
            };
            let said = String::from_utf8_lossy(&said);
            if said.contains(part) {
                return;
            }
            assert!(
                !self.case.time_left().is_zero(),
                "{part:?} is not in {said:?}"
            );
            std::thread::sleep(POLL_OUTPUT);
        }
    }

    /// CPU time so far; `None` where the system does not say.
    pub(crate) fn cpu_time(&self) -> Option<Duration> {
        match self.started() {
            Started::Wasm(running) => Some(running.cpu_time()),
            Started::Native(child) => child.cpu_time(),
        }
    }

    /// What runs in this process, for what natively does not exist.
    pub(crate) fn running(&self) -> Option<&Running> {
        match self.started() {
            Started::Wasm(running) => Some(running),
            Started::Native(_) => None,
        }
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    /// If it still runs when the time of the test is over.
    pub(crate) fn outcome(self) -> Outcome {
        let left = self.case.time_left();
        let outcome = self.outcome_within(left);
        if outcome.exit == Exit::TimedOut {
            panic!("the guest hangs\n{}", output_of(&outcome));
        }
        outcome
    }

    /// Waits until it has ended, at most for `timeout`; then it is stopped.
    pub(crate) fn outcome_within(mut self, timeout: Duration) -> Outcome {
        let started = self.started.take().expect("taken here alone");
        started.wait(timeout)
    }

    /// Waits until it has ended well.
    ///
    /// # Panics
    /// If it ends otherwise; the message has its output.
    pub(crate) fn succeeds(self) -> Outcome {
        let outcome = self.outcome();
        match &outcome.exit {
            Exit::Code(0) => outcome,
            Exit::Trap(trap) => panic!("the guest trapped: {trap}\n{}", output_of(&outcome)),
            exit => panic!("the guest ended with {exit:?}\n{}", output_of(&outcome)),
        }
    }
}

impl Started {
    fn wait(self, timeout: Duration) -> Outcome {
        match self {
            Self::Wasm(running) => {
                let mut outcome = running.wait(timeout);
                outcome.stdout = without_listening(outcome.stdout);
                outcome
            }
            Self::Native(child) => child.wait(timeout),
        }
    }
}

/// A test that fails while its guest runs shows what the guest has said.
impl Drop for Session {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        if let Some(started) = self.started.take() {
            let outcome = started.wait(LAST_WORDS);
            eprintln!("the guest: {:?}\n{}", outcome.exit, output_of(&outcome));
        }
    }
}

/// Leaves out where the guest listens, so that a test finds the same output on
/// all hosts.
fn without_listening(said: Vec<u8>) -> Vec<u8> {
    let is_kept = |line: &&[u8]| !line.starts_with(native::LISTENING.as_bytes());
    let lines = said.split_inclusive(|byte| *byte == b'\n');
    lines.filter(is_kept).flatten().copied().collect()
}

fn output_of(outcome: &Outcome) -> String {
    format!(
        "--- its stdout\n{}\n--- its stderr\n{}",
        outcome.stdout_text(),
        outcome.stderr_text()
    )
}
