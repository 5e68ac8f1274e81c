//! Where the client's connections come from.

use std::io;
use std::net::SocketAddr;

use wasio::net::{TcpListener, TcpStream};

use super::Arguments;
use crate::plan::Behaviour;

/// On WASI 0.1 nobody can connect: the proxy connects to the client, which is the client all the same.
#[derive(Debug)]
pub(super) enum Dial {
    Connect {
        proxy: SocketAddr,
        nobody: SocketAddr,
    },
    Accept(TcpListener),
}

/// The broadcast address of the loopback network, which TCP cannot reach.
const NOWHERE: SocketAddr = {
    let ip = std::net::Ipv4Addr::new(127, 255, 255, 255);
    SocketAddr::new(std::net::IpAddr::V4(ip), 9)
};

impl Dial {
    pub(super) fn new(arguments: &Arguments) -> io::Result<Self> {
        if let Some(listener) = TcpListener::preopened()? {
            return Ok(Self::Accept(listener));
        }
        let address = |name| {
            let missing = || io::Error::other(format!("no {name}= and no listener"));
            arguments.address(name)?.ok_or_else(missing)
        };
        Ok(Self::Connect {
            proxy: address("proxy")?,
            nobody: address("nobody")?,
        })
    }

    /// Whether it connects itself.
    pub(super) fn connects(&self) -> bool {
        matches!(self, Self::Connect { .. })
    }

    /// The next connection: not yet connected, if this one connects.
    ///
    /// # Errors
    /// `WouldBlock`: there is none yet.
    pub(super) fn next(&self, behaviour: Behaviour) -> io::Result<TcpStream> {
        match self {
            Self::Accept(listener) => listener.accept().map(|(stream, _)| stream),
            Self::Connect { proxy, nobody } => TcpStream::connect(match behaviour {
                Behaviour::ToNobody => *nobody,
                Behaviour::ToNowhere => NOWHERE,
                _ => *proxy,
            }),
        }
    }
}
