//! What runs the servers of the demo.

use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;
use std::path::Path;

use crate::peer::Place;
use crate::server::Server;
use crate::wasmtime::Wasmtime;

/// What runs the servers.
#[derive(Clone, Debug)]
pub enum Host {
    /// `wasio-host`, in this process.
    #[cfg(feature = "host")]
    Wasio,
    /// An installed wasmtime, in processes of its own.
    Wasmtime(Wasmtime),
}

impl Display for Host {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "host")]
            Self::Wasio => f.write_str("wasio-host"),
            Self::Wasmtime(wasmtime) => wasmtime.fmt(f),
        }
    }
}

impl Host {
    /// The installed wasmtime, or else the host that this program was built with.
    ///
    /// # Errors
    /// There is none.
    pub fn new(wasmtime: Option<Wasmtime>) -> anyhow::Result<Self> {
        match wasmtime {
            Some(wasmtime) => Ok(Self::Wasmtime(wasmtime)),
            #[cfg(feature = "host")]
            None => Ok(Self::Wasio),
            #[cfg(not(feature = "host"))]
            None => anyhow::bail!("this demo was built without a host: it needs --wasmtime"),
        }
    }

    /// # Errors
    /// It has no sockets on this version of WASI.
    pub fn check_sockets(&self, place: Place) -> anyhow::Result<()> {
        match self {
            #[cfg(feature = "host")]
            Self::Wasio => Ok(()),
            Self::Wasmtime(wasmtime) => wasmtime.check_sockets(place),
        }
    }

    /// Starts the guest at `path`, listening on `address`.
    ///
    /// # Errors
    /// The guest cannot run, or cannot listen on the address.
    pub fn start(&self, path: &Path, place: Place, address: SocketAddr) -> anyhow::Result<Server> {
        match self {
            #[cfg(feature = "host")]
            Self::Wasio => Server::guest(path, place, &address.to_string(), &[], false),
            Self::Wasmtime(wasmtime) => Server::in_wasmtime(wasmtime, path, place, address),
        }
    }
}
