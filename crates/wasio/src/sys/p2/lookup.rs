//! Names: `wasi:sockets/ip-name-lookup`.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};

use wasip2::sockets::ip_name_lookup::{ResolveAddressStream, resolve_addresses};
use wasip2::sockets::network::{ErrorCode, IpAddress};

use super::owned::Owned;
use super::raw::Once;
use super::source::{Pollables, pollable_source};
use super::target::Target;
use super::{error, net, ready};
use crate::io_outcome::IoOutcome;
use crate::net::Name;
use crate::portable::Direction;
use crate::{Interest, IoSource, event};

/// A look-up of the host's, or one that needs no host.
pub(crate) struct Lookup(IoSource<Answer>);

pub(crate) enum Answer {
    Known {
        address: IpAddr,
        is_taken: AtomicBool,
    },
    Asked(Asked),
}

pub(crate) struct Asked {
    // Before its stream: the host traps if that goes first.
    readable: Once<Owned>,
    stream: ResolveAddressStream,
    name: String,
    /// The error is told once: wasmtime 48 would repeat it.
    has_failed: AtomicBool,
}

impl Lookup {
    pub(crate) fn new(name: Name) -> io::Result<Self> {
        let answer = match name {
            Name::Address(address) => Answer::Known {
                address,
                is_taken: AtomicBool::new(false),
            },
            Name::Domain(name) => match resolve_addresses(net::network(), &name) {
                Ok(stream) => Answer::Asked(Asked {
                    readable: Once::new(),
                    stream,
                    name,
                    has_failed: AtomicBool::new(false),
                }),
                Err(code) => return Err(error::of_name(code, &name)),
            },
        };
        Ok(Self(IoSource::new(answer)))
    }

    pub(crate) fn next_address(&self) -> io::Result<Option<IpAddr>> {
        self.0.try_io(
            Direction::Read,
            |answer| answer.next(),
            |next| match next {
                Some(_) => IoOutcome::Complete,
                None => IoOutcome::Eof,
            },
        )
    }
}

impl Answer {
    fn next(&self) -> io::Result<Option<IpAddr>> {
        let asked = match self {
            Self::Known { address, is_taken } => {
                let is_first = !is_taken.swap(true, Ordering::Relaxed);
                return Ok(is_first.then_some(*address));
            }
            Self::Asked(asked) => asked,
        };
        if asked.has_failed.load(Ordering::Relaxed) {
            return Ok(None);
        }
        match asked.stream.resolve_next_address() {
            Ok(next) => Ok(next.map(address)),
            Err(ErrorCode::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(code) => {
                asked.has_failed.store(true, Ordering::Relaxed);
                Err(error::of_name(code, &asked.name))
            }
        }
    }
}

fn address(address: IpAddress) -> IpAddr {
    match address {
        IpAddress::Ipv4((a, b, c, d)) => Ipv4Addr::new(a, b, c, d).into(),
        IpAddress::Ipv6((a, b, c, d, e, f, g, h)) => Ipv6Addr::new(a, b, c, d, e, f, g, h).into(),
    }
}

impl Pollables for Answer {
    fn target(&self, _interest: Interest) -> Target {
        let read = match self {
            Self::Known { .. } => ready::always_ready(),
            Self::Asked(asked) => {
                let readable = &asked.readable;
                let readable = readable.get_or_init(|| Owned::new(asked.stream.subscribe()));
                readable.handle()
            }
        };
        Target::pollables(Some(read), None)
    }
}

pollable_source!(Answer);

event::source_by_field!(Lookup, 0);

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("Lookup");
        match &*self.0 {
            Answer::Known { address, .. } => tuple.field(address),
            Answer::Asked(asked) => tuple.field(&asked.name),
        };
        tuple.finish()
    }
}
