//! The hosts, and which of them run a guest.

use std::path::Path;

use wasio_host::{Runner, Wasi};

use super::command_line::{self, CommandLine};

/// Where a guest runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// wasm32-wasip1 with sockets (`wasi-common`).
    Sockets01,
    /// wasm32-wasip1 without sockets (`wasmtime-wasi`).
    Plain01,
    /// wasm32-wasip1 on Node.js (`node:wasi`, which is uvwasi), without sockets.
    Node,
    /// wasm32-wasip1-threads, with sockets.
    Threads01,
    /// wasm32-wasip2, with the network of this machine (`wasmtime-wasi`).
    Sockets02,
    /// WASI 0.3, with the network of this machine (`wasmtime-wasi`).
    Sockets03,
    /// A host of others on its own command line, if it is installed.
    CommandLine(&'static CommandLine),
    /// A process of this machine.
    Native,
}

impl Host {
    /// The hosts of the guests whose name starts with `kind`.
    ///
    /// # Panics
    /// If build.rs knows a kind that is missing here.
    pub(crate) fn of_kind(kind: &str) -> Vec<Self> {
        let others = command_line::ALL.iter().filter(|host| host.runs(kind));
        let others = others.map(Self::CommandLine);
        Self::ours(kind).iter().copied().chain(others).collect()
    }

    fn ours(kind: &str) -> &'static [Self] {
        match kind {
            "any" => &[
                Self::Sockets01,
                Self::Plain01,
                Self::Node,
                Self::Threads01,
                Self::Sockets02,
                Self::Sockets03,
                Self::Native,
            ],
            "net" => &[
                Self::Sockets01,
                Self::Threads01,
                Self::Sockets02,
                Self::Sockets03,
                Self::Native,
            ],
            "example" => &[
                Self::Sockets01,
                Self::Threads01,
                Self::Sockets02,
                Self::Sockets03,
                Self::Native,
            ],
            "p1" => &[Self::Sockets01, Self::Plain01, Self::Node],
            "node" => &[Self::Node],
            "p2" => &[Self::Sockets02, Self::Sockets03],
            "p3" => &[Self::Sockets03],
            "threads" => &[Self::Threads01, Self::Native],
            _ => panic!("no host for guests of the kind {kind}"),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sockets01 => "sockets01",
            Self::Plain01 => "plain01",
            Self::Node => "node",
            Self::Threads01 => "threads01",
            Self::Sockets02 => "sockets02",
            Self::Sockets03 => "sockets03",
            Self::CommandLine(host) => host.name,
            Self::Native => "native",
        }
    }

    /// The target that guests are built for, `None` natively. Those of WASI 0.3 are in a folder of their
    /// own.
    pub(crate) fn target(self) -> Option<&'static str> {
        match self {
            Self::Sockets01 | Self::Plain01 | Self::Node => Some("wasm32-wasip1"),
            Self::Threads01 => Some("wasm32-wasip1-threads"),
            Self::Sockets02 => Some("wasm32-wasip2"),
            Self::Sockets03 => Some("p3/wasm32-wasip2"),
            Self::CommandLine(host) => Some(host.target),
            Self::Native => None,
        }
    }

    /// How often each guest runs on it.
    pub(super) fn runs(self) -> usize {
        match self {
            Self::CommandLine(_) => command_line::repeats(),
            _ => 1,
        }
    }

    /// Whether its guests are components.
    pub(crate) fn is_component(self) -> bool {
        self.target()
            .is_some_and(|target| target.ends_with("wasip2"))
    }

    /// Whether the guests are those that were built for WASI 0.3.
    pub(crate) fn is_03(self) -> bool {
        self.target() == Self::Sockets03.target()
    }

    /// Whether the guest is handed sockets, or can open some.
    pub(crate) fn has_sockets(self) -> bool {
        match self {
            Self::Plain01 | Self::Node => false,
            Self::CommandLine(host) => host.has_sockets,
            _ => true,
        }
    }

    /// Whether guests have a process of their own.
    pub(crate) fn is_process(self) -> bool {
        self.runner().is_none()
    }

    /// What starts guests in this process, `None` for those in a process of their own.
    pub(super) fn runner(self) -> Option<Runner> {
        match self {
            Self::Sockets01 => Some(Runner::new(Wasi::Sockets01)),
            Self::Plain01 => Some(Runner::new(Wasi::Plain01)),
            Self::Threads01 => Some(Runner::new(Wasi::Sockets01).threads(true)),
            Self::Sockets02 => Some(Runner::new(Wasi::Sockets02)),
            // A program that uses nothing of wasio has the entry point of 0.2 alone.
            Self::Sockets03 => Some(Runner::for_any_version()),
            Self::CommandLine(_) | Self::Node | Self::Native => None,
        }
    }

    /// How many listeners a guest is given unless the test says otherwise.
    pub(super) fn default_listeners(program: &Path) -> usize {
        let name = program.file_stem().unwrap_or_default().to_string_lossy();
        usize::from(name.starts_with("net_"))
    }
}
