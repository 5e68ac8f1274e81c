//! The backends, and how their guests are built and started.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;
use wasio_bench::artifact::{Artifact, Flags};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    P1,
    Threads,
    P2,
    P3,
    Native,
}

impl Backend {
    pub(crate) const ALL: [Self; 5] = [Self::P1, Self::Threads, Self::P2, Self::P3, Self::Native];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::P1 => "0.1",
            Self::Threads => "threads",
            Self::P2 => "0.2",
            Self::P3 => "0.3",
            Self::Native => "native",
        }
    }

    fn target(self) -> Option<&'static str> {
        match self {
            Self::P1 => Some("wasm32-wasip1"),
            Self::Threads => Some("wasm32-wasip1-threads"),
            // 0.3 is a flag to the compiler, until its target is in stable Rust.
            Self::P2 | Self::P3 => Some("wasm32-wasip2"),
            Self::Native => None,
        }
    }

    fn flags(self) -> Option<Flags> {
        const OF_03: Flags = Flags {
            flags: "--cfg wasio_backend=\"p3\"",
            target_dir: "target/p3",
        };
        (self == Self::P3).then_some(OF_03)
    }

    /// Whether its programs can connect. Where they cannot, the host opens their listeners.
    pub(crate) fn connects(self) -> bool {
        matches!(self, Self::P2 | Self::P3 | Self::Native)
    }

    /// Whether its sockets are resources of the host, of which a guest then always has some.
    pub(crate) fn has_resources(self) -> bool {
        matches!(self, Self::P2 | Self::P3)
    }

    /// The most of a core that a host may use while nothing moves. With threads a wait is cut into
    /// slices of 10 ms while there is a waker, which costs nearly 1% of a slow core.
    pub(crate) fn most_idle_cpu(self) -> f64 {
        match self {
            Self::Threads => 0.02,
            _ => 0.01,
        }
    }

    /// The most host calls per second of a guest that nothing happens to.
    pub(crate) fn most_idle_calls(self) -> f64 {
        match self {
            Self::Threads => 1_000.0,
            _ => 200.0,
        }
    }
}

/// A backend with its programs.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) backend: Backend,
    host: Option<Host>,
    server: PathBuf,
    client: PathBuf,
}

#[derive(Debug)]
enum Host {
    Ours(PathBuf),
    /// A command line of wasmtime.
    Wasmtime(PathBuf),
}

impl Built {
    /// Builds the guests for WASI. What runs natively is beside this program: Cargo has built it
    /// with that, and a second Cargo, which this one starts, would build wasmtime once more.
    ///
    /// # Errors
    /// Cargo fails, or the host is not there.
    pub(crate) fn new(
        backend: Backend,
        host: Option<&Path>,
        server: &'static str,
    ) -> anyhow::Result<Self> {
        let guest = |program| match backend.target() {
            None => beside(program),
            Some(target) => guest(program, target, backend.flags()),
        };
        let host = match (backend, host) {
            (Backend::Native, _) => None,
            (_, Some(wasmtime)) => Some(Host::Wasmtime(wasmtime.to_owned())),
            (_, None) => Some(Host::Ours(beside("wasio-host")?)),
        };
        Ok(Self {
            backend,
            host,
            server: guest(server)?,
            client: guest("chaos-client")?,
        })
    }

    pub(crate) fn server(&self, stats: &Path) -> Command {
        self.command(&self.server, stats)
    }

    pub(crate) fn client(&self, stats: &Path) -> Command {
        self.command(&self.client, stats)
    }

    /// Whether the host writes `stats`.
    pub(crate) fn has_stats(&self) -> bool {
        matches!(self.host, Some(Host::Ours(_)))
    }

    fn command(&self, guest: &Path, stats: &Path) -> Command {
        let (program, options): (_, &[&str]) = match (&self.host, self.backend) {
            (None, _) => return Command::new(guest),
            (Some(Host::Wasmtime(program)), _) => (
                program,
                &["run", "-S", "inherit-network", "-S", "allow-ip-name-lookup"],
            ),
            (Some(Host::Ours(program)), Backend::P2 | Backend::P3) => (program, &["run"]),
            (Some(Host::Ours(program)), _) => (program, &["run", "--listen", "127.0.0.1:0"]),
        };
        let mut command = Command::new(program);
        command.args(options);
        if self.has_stats() {
            command.arg("--stats").arg(stats);
        }
        command.arg(guest);
        command
    }
}

/// A program in the folder of this one.
fn beside(program: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(program);
    ensure!(
        path.is_file(),
        "{} is missing: run cargo xtask chaos, which builds it, or cargo build --package wasio-host \
         --package wasio-chaos",
        path.display()
    );
    Ok(path)
}

fn guest(
    program: &'static str,
    target: &'static str,
    flags: Option<Flags>,
) -> anyhow::Result<PathBuf> {
    let artifact = Artifact {
        checkout: None,
        workspace: "",
        package: "wasio-chaos",
        program,
        target: Some(target),
        profile: "guest",
        flags,
    };
    artifact.build()
}
