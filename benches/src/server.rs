//! A running server: a guest in this process, or a process of its own.

use std::io::{self, BufRead, BufReader, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
#[cfg(feature = "host")]
use wasio_host::{Exit, Outcome, Runner, Running, Wasi};

use crate::peer::Place;
use crate::process::Process;
use crate::wasmtime::Wasmtime;

/// The time limit for ending a server.
#[cfg(feature = "host")]
const END: Duration = Duration::from_secs(5);

/// The time limit for listening.
const START: Duration = Duration::from_secs(60);

/// Why a guest does not run in this process.
#[cfg(not(feature = "host"))]
pub(crate) const NO_HOST: &str = "this program was built without a host";

/// A listening server. Dropping this ends it.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    addr: SocketAddr,
}

#[derive(Debug)]
enum Kind {
    #[cfg(feature = "host")]
    Guest(Box<Running>),
    Process(Process),
}

impl Server {
    /// Starts the guest at `path` in this process, listening on `address`. On WASI 0.1 the host
    /// opens the listener, and on 0.2 and 0.3 the guest gets the address as an argument. With
    /// `fuel` its instructions are counted, which makes it slower.
    ///
    /// # Errors
    /// The guest is missing, cannot run, or cannot listen on the address.
    #[cfg(feature = "host")]
    pub fn guest(
        path: &Path,
        place: Place,
        address: &str,
        args: &[&str],
        fuel: bool,
    ) -> anyhow::Result<Self> {
        let runner = |wasi| Runner::new(wasi).fuel(fuel);
        let runner = match place {
            Place::Wasi01 => runner(Wasi::Sockets01).listen(address),
            Place::Wasi02 => runner(Wasi::Sockets02).arg(address),
            Place::Wasi03 => runner(Wasi::Sockets03).arg(address),
            Place::Native => bail!("{} is no guest", path.display()),
        };
        let running = runner.args(args.iter().copied()).spawn(path)?;
        let addr = running
            .try_addr(0)
            .with_context(|| format!("cannot listen on {address}"))?;
        let kind = Kind::Guest(Box::new(running));
        Ok(Self { kind, addr })
    }

    /// # Errors
    /// There is no host to run it.
    #[cfg(not(feature = "host"))]
    pub fn guest(path: &Path, _: Place, _: &str, _: &[&str], _: bool) -> anyhow::Result<Self> {
        bail!("{} is a guest: {NO_HOST}", path.display())
    }

    /// Starts the guest at `path` in a wasmtime, listening on `address`.
    ///
    /// # Errors
    /// wasmtime cannot be started, or ends without listening.
    pub fn in_wasmtime(
        wasmtime: &Wasmtime,
        path: &Path,
        place: Place,
        address: SocketAddr,
    ) -> anyhow::Result<Self> {
        if place != Place::Wasi01 {
            let mut command = wasmtime.command(path, place, address)?;
            return Self::that_prints_its_address(&mut command);
        }
        let addr = free_address(address)?;
        let mut command = wasmtime.command(path, place, addr)?;
        let (process, _) = Process::spawn(command.stdin(Stdio::null()))
            .with_context(|| format!("cannot start {wasmtime}"))?;
        wait_until_it_listens(&process, addr)?;
        let kind = Kind::Process(process);
        Ok(Self { kind, addr })
    }

    /// Starts the program at `path`, which prints the address that it listens on.
    ///
    /// # Errors
    /// The program cannot be started, or ends without printing an address.
    pub fn native(path: &Path, args: &[&str]) -> anyhow::Result<Self> {
        Self::that_prints_its_address(Command::new(path).args(args))
    }

    fn that_prints_its_address(command: &mut Command) -> anyhow::Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let (process, output) = Process::spawn(command.stdin(Stdio::null()).stdout(Stdio::piped()))
            .with_context(|| format!("cannot start {name}"))?;
        let output = output.context("the server has no output")?;
        let addr = printed_address(output).with_context(|| name)?;
        let kind = Kind::Process(process);
        Ok(Self { kind, addr })
    }

    /// Returns the address that it listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the CPU time of the server so far, including the work of the host for it.
    #[must_use]
    pub fn cpu_time(&self) -> Duration {
        match &self.kind {
            #[cfg(feature = "host")]
            Kind::Guest(guest) => guest.cpu_time(),
            Kind::Process(process) => process.cpu_time(),
        }
    }

    /// Returns the size of a guest's memory, which never shrinks, or `None` for a process.
    #[must_use]
    pub fn memory_bytes(&self) -> Option<usize> {
        match &self.kind {
            #[cfg(feature = "host")]
            Kind::Guest(guest) => Some(guest.memory_bytes()),
            Kind::Process(_) => None,
        }
    }

    /// Whether it has ended by itself, which a server should not do.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        match &self.kind {
            #[cfg(feature = "host")]
            Kind::Guest(guest) => guest.has_ended(),
            Kind::Process(process) => process.ended().is_some(),
        }
    }

    /// Ends it.
    ///
    /// # Errors
    /// It has already ended by itself, or does not end.
    pub fn end(self) -> anyhow::Result<()> {
        match self.kind {
            #[cfg(feature = "host")]
            Kind::Guest(guest) => end_guest(*guest).map(drop),
            Kind::Process(process) => match process.ended() {
                Some(status) => bail!("the server ended: {status}"),
                None => Ok(()),
            },
        }
    }

    /// Ends it, and returns the instructions of a guest of this process, if they were counted.
    ///
    /// # Errors
    /// It has already ended by itself, or does not end, or is a process.
    pub fn fuel(self) -> anyhow::Result<Option<u64>> {
        match self.kind {
            #[cfg(feature = "host")]
            Kind::Guest(guest) => Ok(end_guest(*guest)?.fuel),
            Kind::Process(_) => bail!("the server is no guest of this process"),
        }
    }
}

#[cfg(feature = "host")]
fn end_guest(guest: Running) -> anyhow::Result<Outcome> {
    guest.stop();
    let outcome = guest.wait(END);
    match outcome.exit {
        Exit::Stopped => Ok(outcome),
        ref exit => bail!("the server ended: {exit:?}: {}", outcome.stderr_text()),
    }
}

/// The address in the first line. What the server prints afterwards is read and dropped.
fn printed_address(output: ChildStdout) -> anyhow::Result<SocketAddr> {
    let (sender, first) = mpsc::channel();
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = String::new();
        let _ = sender.send(output.read_line(&mut line).map(|_| line));
        let _ = io::copy(&mut output, &mut io::sink());
    });
    let line = first.recv_timeout(START);
    let line = line.with_context(|| format!("it printed nothing in {} s", START.as_secs()))??;
    let addr = line.trim().strip_prefix("listening ");
    addr.and_then(|addr| addr.parse().ok())
        .with_context(|| format!("it printed no address: {line:?}"))
}

/// Returns `address`, with a port that is free if it has none.
///
/// # Errors
/// Another server listens there. A connection would reach that one.
fn free_address(address: SocketAddr) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(address);
    let addr = listener.and_then(|listener| listener.local_addr());
    addr.with_context(|| format!("cannot listen on {address}"))
}

fn wait_until_it_listens(process: &Process, addr: SocketAddr) -> anyhow::Result<()> {
    let start = Instant::now();
    loop {
        match TcpStream::connect(addr) {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(status) = process.ended() {
            bail!("the server ended: {status}");
        }
        ensure!(start.elapsed() < START, "nothing listens on {addr}");
        thread::sleep(Duration::from_millis(10));
    }
}
