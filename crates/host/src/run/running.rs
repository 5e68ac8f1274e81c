//! A running guest, and its outcome.

use std::borrow::Cow;
use std::io::PipeWriter;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::run::capture::Capture;
use crate::run::exit::Exit;
use crate::run::guest_state::GuestState;

/// How long a stopped guest may take to return from a host call.
const GRACE: Duration = Duration::from_secs(1);

/// How long a guest that has ended may take to close its sockets before the host unblocks it.
const UNBLOCK_AFTER: Duration = Duration::from_millis(50);

/// How long a guest may take until it prints its address.
const START_LIMIT: Duration = Duration::from_secs(20);

/// The prefix of the lines in which it does.
const LISTENING: &str = "listening ";

/// The outcome of a guest.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub exit: Exit,
    /// Everything it wrote to its standard output. Empty if inherited.
    pub stdout: Vec<u8>,
    /// Everything it wrote to its standard error. Empty if inherited.
    pub stderr: Vec<u8>,
    /// The CPU time of its threads, including host calls.
    pub cpu: Duration,
    /// The fuel that its threads consumed, if it was counted.
    pub fuel: Option<u64>,
    /// The largest size of its memory.
    pub peak_memory_bytes: usize,
    /// The number of resources (sockets, streams, pollables and so on) that the host still kept for
    /// it when it ended. `None` on WASI 0.1, and if the guest did not return from a host call.
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

/// A running guest. Dropping this stops it.
#[derive(Debug)]
pub struct Running(Parts);

/// Counts of a guest, for a thread that does not own its [`Running`].
#[derive(Clone, Debug)]
pub struct Counts(Arc<GuestState>);

impl Counts {
    /// Returns the number of the guest's calls to the functions of WASI so far.
    #[must_use]
    pub fn host_calls(&self) -> u64 {
        self.0.host_calls()
    }

    /// Returns the size of the guest's memory. It never shrinks.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.0.memory_bytes()
    }

    /// Returns the number of resources (sockets, streams, pollables and so on) that the host keeps
    /// for the guest. Zero on WASI 0.1, and before the second call.
    ///
    /// The count is from the guest's first host call after the last call of this method.
    #[must_use]
    pub fn resources(&self) -> usize {
        self.0
            .resources()
            .unwrap_or_else(|| self.0.live_resources())
    }
}

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

    /// Returns the address of listener `index`, in the order of the calls of
    /// [`Runner::listen`](crate::Runner::listen).
    ///
    /// A guest that binds its own listeners (WASI 0.2) prints a line `listening ADDRESS` for each
    /// to its standard output. This waits for the line.
    ///
    /// # Panics
    /// Panics where [`try_addr`](Self::try_addr) fails.
    #[must_use]
    pub fn addr(&self, index: usize) -> SocketAddr {
        self.try_addr(index)
            .unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Returns the address of listener `index`, like [`addr`](Self::addr), for a guest that may
    /// fail to listen.
    ///
    /// # Errors
    /// The guest received no such listener, and printed no address within 20 seconds or before it
    /// ended. The error ends with the last line of its standard error, if that is captured.
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
                let stderr = self.captured(1);
                let stderr = String::from_utf8_lossy(&stderr);
                let reason = stderr.lines().last().unwrap_or("it printed no reason");
                let how = if ended { "has ended and" } else { "runs, but" };
                bail!("the guest {how} does not listen: {reason}");
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// The addresses that the guest has printed so far.
    fn announced(&self) -> impl Iterator<Item = SocketAddr> {
        let stdout = self.captured(0);
        let whole = stdout.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
        let addrs: Vec<SocketAddr> = String::from_utf8_lossy(&stdout[..whole])
            .lines()
            .filter_map(|line| line.strip_prefix(LISTENING)?.parse().ok())
            .collect();
        addrs.into_iter()
    }

    /// Returns the addresses of all listeners that the host opened.
    #[must_use]
    pub fn addrs(&self) -> &[SocketAddr] {
        &self.0.addrs
    }

    /// Returns the other ends of [`Runner::shared_sockets`](crate::Runner::shared_sockets).
    #[must_use]
    pub fn shared_peers(&self) -> &[TcpStream] {
        &self.0.shared_peers
    }

    /// Takes the writing end of [`Stdin::Pipe`](crate::Stdin::Pipe). Returns `None` from the second
    /// call on. Dropping the writer ends the guest's input.
    pub fn take_stdin(&mut self) -> Option<PipeWriter> {
        self.0.stdin.take()
    }

    /// Returns the CPU time of the guest's threads so far, including host calls.
    ///
    /// # Platform behaviour
    /// Exact to the microsecond on Linux. Elsewhere a thread is counted when it ends.
    #[must_use]
    pub fn cpu_time(&self) -> Duration {
        self.0.guest.cpu.total()
    }

    /// Returns the size of the guest's memory. It never shrinks.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.0.guest.memory_bytes()
    }

    /// Returns counts that can be read as long as wanted, also after the guest has ended.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts(Arc::clone(&self.0.guest))
    }

    /// Returns what the guest has written to its standard output so far.
    #[must_use]
    pub fn stdout_so_far(&self) -> Vec<u8> {
        self.captured(0)
    }

    /// Whether the guest has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.0.guest.has_ended()
    }

    /// Stops the guest: it traps as soon as it runs guest code.
    ///
    /// On WASI 0.2 this also ends a wait at once. On WASI 0.1 it ends a wait for a listener. In any
    /// other host call, such as a wait for an idle connection, the guest stops when the call
    /// returns.
    pub fn stop(&self) {
        self.0.guest.stop();
        self.unblock_accepts();
    }

    /// Waits until the guest has ended. After `timeout` it is stopped, and the outcome is
    /// [`Exit::TimedOut`].
    ///
    /// Returns at most about a second after `timeout`. A guest that does not return from a host
    /// call by then is abandoned, together with its thread.
    #[must_use]
    pub fn wait(mut self, timeout: Duration) -> Outcome {
        let exit = self.0.guest.wait_for_exit(timeout);
        let exit = exit.unwrap_or_else(|| {
            self.0.guest.stop();
            Exit::TimedOut
        });
        // If another thread ended the guest, the main thread may be blocked in a host call. Closing
        // its input and its peers, and connecting to its listeners, unblocks most calls.
        if exit == Exit::TimedOut || !self.0.guest.wait_for_main_thread(UNBLOCK_AFTER) {
            self.0.stdin = None;
            self.0.shared_peers.clear();
            self.unblock_accepts();
            self.0.guest.wait_for_main_thread(GRACE);
        }
        self.outcome(exit)
    }

    /// Waits until the guest has ended, and no longer: a thread of it may still be in a host call, and
    /// goes with the process. For a process that ends now.
    #[must_use]
    pub fn wait_for_exit(self) -> Outcome {
        let exit = self.0.guest.wait_for_exit(Duration::MAX);
        self.0.guest.wait_for_main_thread(UNBLOCK_AFTER);
        self.outcome(exit.unwrap_or(Exit::Stopped))
    }

    fn outcome(&self, exit: Exit) -> Outcome {
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

    /// Connects to each listener that the host opened, which ends a wait for it. A failure does not
    /// matter: nothing waits for a listener that is closed.
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
