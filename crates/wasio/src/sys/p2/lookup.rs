//! Names: `wasi:sockets/ip-name-lookup`.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use super::cell::Once;
use super::owned::Owned;
use super::target::Target;
use super::{error, net};
use crate::Interest;
use crate::lock::Lock;
use crate::net::Name;
use crate::sys::resources::net::handles::{Counted, Handles};
use crate::sys::resources::source::HostSource;
use wasio_bindings::p2::{ErrorCode, ResolveAddressStream, resolve_addresses};

pub(crate) enum Answer {
    /// An address, or the error that the host has returned at once: wasmtime does so if its resolver
    /// is faster than its check.
    Known {
        name: String,
        left: Lock<Option<io::Result<IpAddr>>>,
    },
    Pending(Pending),
}

pub(crate) struct Pending {
    // Declared before its stream, and so dropped before it: the host traps otherwise.
    readable: Once<Owned>,
    /// It has a pollable, which the poll borrows.
    stream: Counted<ResolveAddressStream, 3>,
    name: String,
    /// An error is returned once. wasmtime 48 would repeat it.
    has_failed: AtomicBool,
}

impl Answer {
    pub(crate) fn of(name: Name) -> io::Result<Self> {
        match name {
            Name::Address(address) => Ok(Self::Known {
                name: address.to_string(),
                left: Lock::new(Some(Ok(address))),
            }),
            Name::Domain(name) => {
                let handles = Handles::reserve()?;
                match resolve_addresses(net::network(), &name) {
                    Ok(stream) => Ok(Self::Pending(Pending {
                        readable: Once::new(),
                        stream: handles.of(stream),
                        name,
                        has_failed: AtomicBool::new(false),
                    })),
                    Err(code) => Ok(Self::Known {
                        left: Lock::new(Some(Err(error::of_name(code, &name)))),
                        name,
                    }),
                }
            }
        }
    }

    pub(crate) fn next(&self) -> io::Result<Option<IpAddr>> {
        let pending = match self {
            Self::Known { left, .. } => return left.lock().take().transpose(),
            Self::Pending(pending) => pending,
        };
        if pending.has_failed.load(Ordering::Relaxed) {
            return Ok(None);
        }
        match pending.stream.resolve_next_address() {
            Ok(next) => Ok(next),
            Err(ErrorCode::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(code) => {
                pending.has_failed.store(true, Ordering::Relaxed);
                Err(error::of_name(code, &pending.name))
            }
        }
    }
}

impl HostSource for Answer {
    fn target(&self, _interest: Interest) -> Target {
        match self {
            Self::Known { .. } => Target::NONE.with_read_ahead(true),
            Self::Pending(pending) => {
                let readable = &pending.readable;
                let readable = readable.get_or_init(|| Owned::new(pending.stream.subscribe()));
                Target::pollables(Some(readable.handle()), None)
            }
        }
    }
}

/// What is looked up.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known { name, .. } | Self::Pending(Pending { name, .. }) => name.fmt(f),
        }
    }
}
