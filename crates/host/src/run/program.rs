//! What a guest is started with.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

use crate::run::stdio::Source;

/// The version of WASI that a guest runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wasi {
    /// WASI 0.1, with sockets that the host opens (`wasi-common`).
    Sockets01,
    /// WASI 0.1 without sockets (`wasmtime-wasi`).
    Plain01,
    /// WASI 0.2, with the network of this machine (`wasmtime-wasi`). The guest is a component, and
    /// binds its own listeners.
    Sockets02,
    /// WASI 0.3, with the network of this machine (`wasmtime-wasi`). The guest is a component, and
    /// binds its own listeners.
    Sockets03,
}

impl Wasi {
    pub(super) fn is_of_components(self) -> bool {
        matches!(self, Self::Sockets02 | Self::Sockets03)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sockets01 => "WASI 0.1",
            Self::Plain01 => "WASI 0.1 without sockets",
            Self::Sockets02 => "WASI 0.2",
            Self::Sockets03 => "WASI 0.3",
        }
    }
}

/// The part of a [`Runner`](super::runner::Runner) that is used as it is.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) args: Vec<String>,
    pub(crate) envs: Vec<(String, String)>,
    pub(crate) dirs: Vec<(PathBuf, String)>,
    pub(crate) threads: bool,
    pub(crate) network: bool,
    pub(crate) name_lookup: bool,
    pub(crate) handles: usize,
    pub(crate) output: Output,
    pub(crate) shared_sockets: usize,
    pub(crate) refused_files: usize,
}

/// Where the guest's output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    Captured,
    /// Captured some bytes at a time, in the background, where the guest is a component.
    Slow,
    Inherited,
}

/// The part of a [`Runner`](super::runner::Runner) that was opened for the guest.
#[derive(Debug)]
pub(crate) struct Endpoints {
    pub(crate) listeners: Vec<TcpListener>,
    pub(crate) streams: Vec<TcpStream>,
    pub(crate) shared: Vec<Arc<TcpStream>>,
    pub(crate) stdin: Source,
}
