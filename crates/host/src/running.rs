//! A guest that runs, and how it ended.

use std::borrow::Cow;
use std::io::PipeWriter;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::capture::Capture;
use crate::guest_state::GuestState;

/// How long a guest that was told to stop may take to return from the host.
const GRACE: Duration = Duration::from_secs(1);

/// How long a guest that ended by itself may take to let go of its sockets
/// before it is helped.
const HELP_AFTER: Duration = Duration::from_millis(50);

/// The longest that a guest may take until it says where it listens.
const START_LIMIT: Duration = Duration::from_secs(20);

/// The start of the lines in which it says so.
const LISTENING: &str = "listening ";

/// How a guest ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It exited with this code; returning from `main` is 0.
    Code(i32),
    /// It trapped: the message and the guest's stack.
    Trap(String),
    /// It was stopped by [`Running::stop`].
    Stopped,
    /// It still ran when the time of [`Running::wait`] was over.
    TimedOut,
}

/// What a guest left.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub exit: Exit,
    /// All it wrote to its standard output; empty when inherited.
    pub stdout: Vec<u8>,
    /// All it wrote to its standard error; empty when inherited.
    pub stderr: Vec<u8>,
    /// CPU time of its threads, host calls included.
    pub cpu: Duration,
    /// Fuel that its threads consumed, when it was counted.
    pub fuel: Option<u64>,
    /// The largest its memory was.
    pub peak_memory_bytes: usize,
    /// How many resources the host still kept for it when it ended, on WASI 0.2:
    /// sockets, streams, pollables and the like. `None` elsewhere, and for a guest
    /// that was left behind in a host call.
    pub resources: Option<usize>,
}

impl Outcome {
    /// The standard output as text.
    #[must_use]
    pub fn stdout_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stdout)
    }

    /// The standard error as text.
    #[must_use]
    pub fn stderr_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stderr)
    }
}

/// A guest that runs. It is stopped when this is dropped.
#[derive(Debug)]
pub struct Running(Parts);

#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) guest: Arc<GuestState>,
    pub(crate) addrs: Vec<SocketAddr>,
    pub(crate) captures: [Option<Capture>; 2],
    pub(crate) stdin: Option<PipeWriter>,
    pub(crate) shared_peers: Vec<TcpStream>,
}

impl Running {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(parts)
    }

    /// The address of listener `index`, in the order they were asked for.
    ///
    /// A guest that binds its own (WASI 0.2) tells where on its standard output,
    /// in a line `listening ADDRESS` for each: this waits for the line.
    ///
    /// # Panics
    /// As [`try_addr`](Self::try_addr) fails.
    #[must_use]
    pub fn addr(&self, index: usize) -> SocketAddr {
        self.try_addr(index)
            .unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// As [`addr`](Self::addr), for a guest that may not listen.
    ///
    /// # Errors
    /// The guest was given no such listener, and tells of none for 20 seconds
    /// or until it ends; with the last line of what it wrote to standard error, if that is captured.
    pub fn try_addr(&self, index: usize) -> Result<SocketAddr> {
        if let Some(addr) = self.0.addrs.get(index) {
            return Ok(*addr);
        }
        let start = Instant::now();
        loop {
            let ended = self.has_ended();
            if let Some(addr) = self.announced().nth(index) {
                return Ok(addr);
            }
            if ended || start.elapsed() >= START_LIMIT {
                let said = self.captured(1);
                let said = String::from_utf8_lossy(&said);
                let said = said.lines().last().unwrap_or("it does not say why");
                let how = if ended { "has ended and" } else { "runs, but" };
                bail!("the guest {how} does not listen: {said}");
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Where a guest that binds its own listeners said that it listens.
    fn announced(&self) -> impl Iterator<Item = SocketAddr> {
        let said = self.captured(0);
        let whole = said.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
        let addrs: Vec<SocketAddr> = String::from_utf8_lossy(&said[..whole])
            .lines()
            .filter_map(|line| line.strip_prefix(LISTENING)?.parse().ok())
            .collect();
        addrs.into_iter()
    }

    /// The addresses of all listeners.
    #[must_use]
    pub fn addrs(&self) -> &[SocketAddr] {
        &self.0.addrs
    }

    /// The other ends of [`Runner::shared_sockets`](crate::Runner::shared_sockets).
    #[must_use]
    pub fn shared_peers(&self) -> &[TcpStream] {
        &self.0.shared_peers
    }

    /// The writing end of [`Stdin::Pipe`](crate::Stdin::Pipe), the first time.
    /// Dropping it is the guest's end of file.
    pub fn take_stdin(&mut self) -> Option<PipeWriter> {
        self.0.stdin.take()
    }

    /// CPU time of the guest's threads so far, host calls included. On Linux
    /// exact to the microsecond; elsewhere a thread counts when it ends.
    #[must_use]
    pub fn cpu_time(&self) -> Duration {
        self.0.guest.cpu.total()
    }

    /// Size of the guest's memory, which never shrinks.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.0.guest.memory_bytes()
    }

    /// What the guest wrote to its standard output so far.
    #[must_use]
    pub fn stdout_so_far(&self) -> Vec<u8> {
        self.captured(0)
    }

    /// Whether the guest has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.0.guest.has_ended()
    }

    /// Stops the guest: it traps when it next runs guest code. On WASI 0.2 a
    /// wait is given up at once. On 0.1 a wait for a listener is ended; a guest
    /// that sits in another host call, such as a wait for a silent connection,
    /// stops when that call returns.
    pub fn stop(&self) {
        self.0.guest.stop();
        self.unblock_accepts();
    }

    /// Waits until the guest has ended, at most for `timeout`; then it is
    /// stopped, and [`Exit::TimedOut`]. Returns at the latest about a second
    /// after `timeout`: a guest that does not come back from a host call is
    /// left behind with its thread.
    #[must_use]
    pub fn wait(mut self, timeout: Duration) -> Outcome {
        let exit = self.0.guest.wait_for_exit(timeout);
        let exit = exit.unwrap_or_else(|| {
            self.0.guest.stop();
            Exit::TimedOut
        });
        // The main thread may sit in a host call while another thread ended
        // the guest: a closed input or peer and a connection wake most calls.
        if exit == Exit::TimedOut || !self.0.guest.wait_for_main_thread(HELP_AFTER) {
            self.0.stdin = None;
            self.0.shared_peers.clear();
            self.unblock_accepts();
            self.0.guest.wait_for_main_thread(GRACE);
        }
        Outcome {
            exit,
            stdout: self.captured(0),
            stderr: self.captured(1),
            cpu: self.0.guest.cpu.total(),
            fuel: self.0.guest.fuel(),
            peak_memory_bytes: self.0.guest.memory_bytes(),
            resources: self.0.guest.resources(),
        }
    }

    fn captured(&self, index: usize) -> Vec<u8> {
        self.0.captures[index]
            .as_ref()
            .map_or_else(Vec::new, Capture::bytes)
    }

    /// Connects to each listener that was handed in, which ends a wait for it;
    /// a guest that binds its own is stopped in its wait. Whether it works does
    /// not matter: a listener that is gone is not waited for.
    fn unblock_accepts(&self) {
        for addr in &self.0.addrs {
            let _ = TcpStream::connect_timeout(addr, Duration::from_millis(100));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.has_ended() {
            self.stop();
        }
    }
}
