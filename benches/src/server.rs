//! A running server: a guest in this process, or a separate program.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use wasio_host::{Exit, Outcome, Runner, Running, Wasi};

/// The time limit for ending a server.
const END: Duration = Duration::from_secs(5);

/// A listening server. Dropping this ends it.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    addr: SocketAddr,
}

#[derive(Debug)]
enum Kind {
    Guest(Box<Running>),
    Native(Native),
}

#[derive(Debug)]
struct Native(Child);

impl Server {
    /// Starts the guest at `path`, which listens on `address`. On WASI 0.1 the host opens the
    /// listener, and on 0.2 and 0.3 the guest gets the address as an argument. With `fuel` its instructions
    /// are counted, which makes it slower.
    ///
    /// # Errors
    /// The guest is missing, cannot run, or cannot listen on the address.
    pub fn guest(
        path: &Path,
        wasi: Wasi,
        address: &str,
        args: &[&str],
        fuel: bool,
    ) -> anyhow::Result<Self> {
        let runner = Runner::new(wasi).fuel(fuel);
        let runner = match wasi {
            Wasi::Sockets02 | Wasi::Sockets03 => runner.arg(address),
            _ => runner.listen(address),
        };
        let running = runner.args(args.iter().copied()).spawn(path)?;
        let addr = running
            .try_addr(0)
            .with_context(|| format!("cannot listen on {address}"))?;
        let kind = Kind::Guest(Box::new(running));
        Ok(Self { kind, addr })
    }

    /// Starts the program at `path`, which prints the address that it listens on.
    ///
    /// # Errors
    /// The program cannot be started, or ends without printing an address.
    pub fn native(path: &Path, args: &[&str]) -> anyhow::Result<Self> {
        let child = Command::new(path)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", path.display()))?;
        // From here on dropping it ends the program, whatever happens.
        let mut native = Native(child);
        let output = native.0.stdout.take().context("the server has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let addr = line.trim().strip_prefix("listening ");
        let addr = addr
            .and_then(|addr| addr.parse().ok())
            .with_context(|| format!("{} printed no address: {line:?}", path.display()))?;
        let kind = Kind::Native(native);
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
            Kind::Guest(guest) => guest.cpu_time(),
            Kind::Native(native) => native.cpu_time(),
        }
    }

    /// Returns the size of a guest's memory, which never shrinks, or `None` for a program.
    #[must_use]
    pub fn memory_bytes(&self) -> Option<usize> {
        match &self.kind {
            Kind::Guest(guest) => Some(guest.memory_bytes()),
            Kind::Native(_) => None,
        }
    }

    /// Whether it has ended by itself, which a server should not do.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        match &self.kind {
            Kind::Guest(guest) => guest.has_ended(),
            // If a program has ended, its connections show that.
            Kind::Native(_) => false,
        }
    }

    /// Ends it. Returns the outcome of a guest, or `None` for a program.
    ///
    /// # Errors
    /// The guest has already ended by itself, or does not end.
    pub fn end(self) -> anyhow::Result<Option<Outcome>> {
        match self.kind {
            Kind::Native(_) => Ok(None),
            Kind::Guest(guest) => {
                guest.stop();
                let outcome = guest.wait(END);
                match outcome.exit {
                    Exit::Stopped => Ok(Some(outcome)),
                    ref exit => bail!("the server ended: {exit:?}: {}", outcome.stderr_text()),
                }
            }
        }
    }
}

impl Native {
    /// Reads the CPU time of a process, in nanoseconds on Linux. Zero elsewhere.
    fn cpu_time(&self) -> Duration {
        let path = format!("/proc/{}/schedstat", self.0.id());
        let ns = std::fs::read_to_string(path)
            .ok()
            .and_then(|text| text.split_whitespace().next()?.parse().ok());
        Duration::from_nanos(ns.unwrap_or(0))
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        // If it has already ended, there is nothing to do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
