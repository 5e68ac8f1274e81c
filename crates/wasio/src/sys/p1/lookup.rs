//! Name look-ups on WASI 0.1, which has no call for them.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;

use crate::net::Name;
use crate::{Interest, Registry, Token, event};

/// Never created.
#[derive(Debug)]
pub(crate) struct Lookup(Infallible);

impl Lookup {
    pub(crate) fn new(_name: Name) -> io::Result<Self> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "WASI 0.1 cannot look up names: WASI 0.2 (target `wasm32-wasip2`) can",
        ))
    }

    pub(crate) fn next_address(&self) -> io::Result<Option<IpAddr>> {
        match self.0 {}
    }
}

impl event::Source for Lookup {
    fn register(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        match self.0 {}
    }

    fn reregister(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        match self.0 {}
    }

    fn deregister(&mut self, _: &Registry) -> io::Result<()> {
        match self.0 {}
    }
}
