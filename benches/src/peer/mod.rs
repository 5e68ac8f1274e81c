//! The servers that are measured, one small file each.
//!
//! To add a server, write its file and add it to the list. The file says how to build it and where
//! it runs. A program on WASI 0.1 finds its listener at descriptor 3. All others bind the first of
//! their arguments that is an address, and print `listening ADDRESS`. A server echoes what it
//! reads, or serves HTTP and echoes what is posted to `/echo`.

#[cfg(feature = "bench")]
pub mod earlier;
mod hyper_mio_p1;
mod hyper_mio_p2;
mod hyper_p1;
mod hyper_p2;
mod hyper_p3;
mod mio_native;
mod mio_p1;
mod mio_p2;
mod raw_p1;
mod raw_p3;
mod task_p1;
mod task_p2;
mod task_p3;
mod tokio_mio_p1;
mod tokio_mio_p2;
mod tokio_p1;
mod tokio_p2;
mod tokio_p3;
mod wasio_native;
mod wasio_p1;
mod wasio_p2;
mod wasio_p3;
mod wstd_p2;

use std::path::PathBuf;

use anyhow::Context;
use clap::ValueEnum;

use crate::artifact::{Artifact, Flags};
use crate::exchange::Protocol;
#[cfg(feature = "bench")]
use crate::{cores, server::Server};

/// The address that a server listens on.
#[cfg(feature = "bench")]
const ANY_PORT: &str = "127.0.0.1:0";

/// The peer that the servers are compared with.
#[cfg(feature = "bench")]
pub const REFERENCE: &str = "mio";

/// Returns the server that `peer` is compared with: the same one on mio. mio is not on WASI 0.3, so
/// there it is that on 0.2. wasio's executor is compared with its bare loop.
#[cfg(feature = "bench")]
#[must_use]
pub fn reference_of(peer: &str) -> &'static str {
    match earlier::original(peer).unwrap_or(peer) {
        "wasio-p2" | "mio-p2" | "wstd-p2" | "wasio-p3" | "raw-p3" => "mio-p2",
        "tokio-p1" | "tokio-mio-p1" => "tokio-mio-p1",
        "tokio-p2" | "tokio-p3" | "tokio-mio-p2" => "tokio-mio-p2",
        "hyper-p2" | "hyper-p3" | "hyper-mio-p2" => "hyper-mio-p2",
        "hyper-p1" | "hyper-mio-p1" => "hyper-mio-p1",
        "task-p1" => "wasio",
        "task-p2" => "wasio-p2",
        "task-p3" => "wasio-p3",
        _ => REFERENCE,
    }
}

/// All servers, in the order of the tables.
pub const ALL: &[Peer] = &[
    wasio_p1::PEER,
    mio_p1::PEER,
    raw_p1::PEER,
    wasio_p2::PEER,
    mio_p2::PEER,
    wstd_p2::PEER,
    wasio_p3::PEER,
    raw_p3::PEER,
    wasio_native::PEER,
    mio_native::PEER,
    task_p1::PEER,
    task_p2::PEER,
    task_p3::PEER,
    tokio_p1::PEER,
    tokio_mio_p1::PEER,
    tokio_p2::PEER,
    tokio_mio_p2::PEER,
    tokio_p3::PEER,
    hyper_p2::PEER,
    hyper_mio_p2::PEER,
    hyper_p3::PEER,
    hyper_p1::PEER,
    hyper_mio_p1::PEER,
];

/// The versions of WASI whose servers are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Versions {
    /// WASI 0.1, and the native servers
    #[value(name = "0.1")]
    Wasi01,
    /// WASI 0.2
    #[value(name = "0.2")]
    Wasi02,
    /// WASI 0.3, and the servers on 0.2 to compare with
    #[value(name = "0.3")]
    Wasi03,
    /// All servers
    Both,
}

impl Versions {
    /// Whether the servers at `place` are among them.
    #[must_use]
    pub const fn include(self, place: Place) -> bool {
        match self {
            Self::Both => true,
            Self::Wasi02 => matches!(place, Place::Wasi02),
            Self::Wasi03 => matches!(place, Place::Wasi02 | Place::Wasi03),
            Self::Wasi01 => matches!(place, Place::Wasi01 | Place::Native),
        }
    }
}

/// A server, and how it is built and started.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Its name on the command line and in the records.
    pub name: &'static str,
    /// Its description, for the records.
    pub about: &'static str,
    /// Where it runs.
    pub place: Place,
    /// Whether it is part of the whole quick bench, which may take only four minutes. It is always
    /// included if it is named, if only one scenario is run, and in the full bench.
    pub in_quick: bool,
    /// The protocol of the server.
    pub protocol: Protocol,
    /// The server.
    pub server: Artifact,
    /// The argument that makes the server always register for READABLE and WRITABLE, as tokio does.
    /// `None` if it has no such option.
    pub both: Option<&'static str>,
    /// The argument that makes the server see a cold source within 200 µs. `None` if it has no such
    /// option.
    pub prompt: Option<&'static str>,
    /// The program that measures its timers, called as `timers COUNT`. `None` if it has none.
    pub timers: Option<Artifact>,
    /// The program that measures how one thread wakes another, called as `wake COUNT
    /// [--descriptor]`. `None` if it cannot.
    pub wake: Option<Artifact>,
    /// The program that counts the bytes of registered sources, called with `COUNT`. `None` if
    /// there is none.
    pub sources: Option<Artifact>,
    /// The largest number of connections with which a measurement takes seconds and not minutes.
    pub most_connections: usize,
}

/// Where a server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On WASI 0.1 with sockets.
    Wasi01,
    /// On WASI 0.2 with the network of this machine.
    Wasi02,
    /// On WASI 0.3 with the network of this machine.
    Wasi03,
    /// On this machine, as a process.
    Native,
}

/// WASI 0.3 is a flag to the compiler, until its target is in stable Rust. The other one is tokio's.
const FLAGS_OF_03: Flags = Flags {
    flags: "--cfg tokio_unstable --cfg wasio_backend=\"p3\"",
    target_dir: "../../target/peers-p3",
};

/// A program that is built for WASI 0.3.
const fn for_03(program: Artifact) -> Artifact {
    Artifact {
        flags: Some(FLAGS_OF_03),
        ..program
    }
}

/// A program in the workspace of the peers.
const fn in_peers(
    package: &'static str,
    program: &'static str,
    target: Option<&'static str>,
) -> Artifact {
    Artifact {
        checkout: None,
        workspace: "benches/peers",
        package,
        program,
        target,
        profile: "release",
        flags: None,
    }
}

/// A program on the drop-in mio, for WASI, with the same profile as the peers.
const fn in_examples(program: &'static str, target: &'static str) -> Artifact {
    Artifact {
        checkout: None,
        workspace: "examples/tokio",
        package: "wasio-tokio-examples",
        program,
        target: Some(target),
        profile: "peer",
        flags: None,
    }
}

/// A peer with its built server.
#[derive(Debug)]
pub struct Built {
    /// The peer.
    pub peer: &'static Peer,
    /// Its program.
    pub server: PathBuf,
    /// The size of the program, stripped.
    pub size_bytes: u64,
}

impl Peer {
    /// Returns the peer called `name`.
    ///
    /// # Errors
    /// There is none of this name. The message lists all names.
    pub fn named(name: &str) -> anyhow::Result<&'static Self> {
        ALL.iter().find(|peer| peer.name == name).with_context(|| {
            let names: Vec<_> = ALL.iter().map(|peer| peer.name).collect();
            format!("no peer is called {name:?}: there are {}", names.join(", "))
        })
    }

    /// Builds its server.
    ///
    /// # Errors
    /// Cargo fails.
    pub fn build(&'static self) -> anyhow::Result<Built> {
        let server = self.server.build()?;
        let size_bytes = std::fs::metadata(&server)?.len();
        Ok(Built {
            peer: self,
            server,
            size_bytes,
        })
    }
}

#[cfg(feature = "bench")]
impl Built {
    /// Starts the server, on another core than the calling thread.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(&self) -> anyhow::Result<Server> {
        self.start_with(&[], false)
    }

    /// Starts the server with arguments, and counts fuel if it is a guest.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start_with(&self, args: &[&str], fuel: bool) -> anyhow::Result<Server> {
        cores::apart(|| match self.peer.place {
            Place::Native => Server::native(&self.server, args),
            place => Server::guest(&self.server, place, ANY_PORT, args, fuel),
        })
        .with_context(|| format!("cannot start the peer {}", self.peer.name))
    }
}
