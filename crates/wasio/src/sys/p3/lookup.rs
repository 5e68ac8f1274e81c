//! Names: `wasi:sockets/ip-name-lookup`.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use super::alone::{Alone, Part};
use super::bindings::{Addresses, Called, Event, Resolve, WireError, resolve_addresses};
use super::error;
use super::operations;
use super::signals::Signal;
use super::target::Target;
use crate::io_outcome::IoOutcome;
use crate::net::Name;
use crate::portable::{Direction, Directions};
use crate::sys::resources::net::handles::Handles;
use crate::sys::resources::source::{HostSource, host_source};
use crate::{Interest, IoSource, event};

/// The look-up of a name, or of an address, which needs no host.
pub(crate) struct Lookup(IoSource<Owner>);

/// The owner of an answer.
pub(crate) struct Owner(Arc<Alone<Answer>>);

pub(crate) struct Answer {
    name: String,
    phase: Phase,
}

enum Phase {
    Resolving(Resolve, Handles<1>),
    /// The addresses that are left, or the error.
    Resolved(VecDeque<io::Result<IpAddr>>),
}

impl Lookup {
    pub(crate) fn new(name: Name) -> io::Result<Self> {
        let owner = match name {
            Name::Address(address) => {
                let phase = Phase::Resolved(VecDeque::from([Ok(address)]));
                Owner::new(address.to_string(), phase)
            }
            Name::Domain(name) => {
                let handles = Handles::reserve()?;
                match resolve_addresses(name.clone()) {
                    Called::Returned(result) => {
                        let phase = resolved(result, &name);
                        Owner::new(name, phase)
                    }
                    Called::Pending(call) => {
                        let waitable = call.waitable();
                        let owner = Owner::new(name, Phase::Resolving(call, handles));
                        operations::add(waitable, &owner.0.signal);
                        owner
                    }
                }
            }
        };
        Ok(Self(IoSource::new(owner)))
    }

    pub(crate) fn next_address(&self) -> io::Result<Option<IpAddr>> {
        self.0.try_io(
            Direction::Read,
            |owner| owner.next(),
            |next| match next {
                Some(_) => IoOutcome::Complete,
                None => IoOutcome::Eof,
            },
        )
    }
}

fn resolved(result: Result<Addresses, WireError>, name: &str) -> Phase {
    Phase::Resolved(match result {
        Ok(addresses) => addresses.iter().map(Ok).collect(),
        Err(error) => VecDeque::from([Err(error::of_name(error.of_lookup(), name))]),
    })
}

impl Owner {
    fn new(name: String, phase: Phase) -> Self {
        let ready = match phase {
            Phase::Resolving(..) => Directions::NONE,
            Phase::Resolved(_) => Directions::one(Direction::Read),
        };
        Self(Alone::new(Answer { name, phase }, ready))
    }

    fn next(&self) -> io::Result<Option<IpAddr>> {
        operations::retried(|| match &mut self.0.part().phase {
            Phase::Resolving(..) => Err(io::ErrorKind::WouldBlock.into()),
            Phase::Resolved(answers) => answers.pop_front().transpose(),
        })
    }
}

impl Part for Answer {
    fn complete(&mut self, signal: &Signal, event: Event) -> bool {
        let Phase::Resolving(call, _) = &mut self.phase else {
            return false;
        };
        let Some(result) = call.returned(event) else {
            return false;
        };
        self.phase = resolved(result, &self.name);
        signal.set(Direction::Read, true);
        true
    }
}

impl HostSource for Owner {
    fn target(&self, _interest: Interest) -> Target {
        Target::Signal(self.0.signal.id())
    }
}

host_source!(Owner);

event::source_by_field!(Lookup, 0);

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.0.0.part().name;
        f.debug_tuple("Lookup").field(name).finish()
    }
}
