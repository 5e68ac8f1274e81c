//! Names: `wasi:sockets/ip-name-lookup`.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Weak};

use super::bindings::{
    Addresses, Called, Event, Resolve, SocketResult, WireError, resolve_addresses,
};
use super::error;
use super::operations::{self, Completes, WeakOwner};
use super::signals::Signal;
use super::source::{HostSource, host_source};
use super::target::Target;
use crate::io_outcome::IoOutcome;
use crate::lock::{Guard, Lock};
use crate::net::Name;
use crate::portable::Direction;
use crate::{Interest, IoSource, event};

/// The look-up of a name, or of an address, which needs no host.
pub(crate) struct Lookup(IoSource<Owner>);

/// The owner of an answer.
pub(crate) struct Owner(Arc<Answer>);

struct Answer {
    me: Weak<Self>,
    signal: Signal,
    phase: Lock<Phase>,
    name: String,
}

enum Phase {
    Resolving(Resolve),
    /// The addresses that are left. An error is returned once.
    Resolved(VecDeque<IpAddr>),
    Failed(io::Error),
}

impl Lookup {
    pub(crate) fn new(name: Name) -> io::Result<Self> {
        let answer = match name {
            Name::Address(address) => {
                let phase = Phase::Resolved(VecDeque::from([address]));
                Answer::new(address.to_string(), phase)
            }
            Name::Domain(name) => match resolve_addresses(name.clone()) {
                Called::Returned(result) => {
                    let phase = resolved(result.map_err(WireError::of_lookup), &name);
                    Answer::new(name, phase)
                }
                Called::Pending(call) => {
                    let waitable = call.waitable();
                    let answer = Answer::new(name, Phase::Resolving(call));
                    operations::add(waitable, &*answer);
                    answer
                }
            },
        };
        Ok(Self(IoSource::new(Owner(answer))))
    }

    pub(crate) fn next_address(&self) -> io::Result<Option<IpAddr>> {
        self.0.try_io(
            Direction::Read,
            |owner| owner.0.next(),
            |next| match next {
                Some(_) => IoOutcome::Complete,
                None => IoOutcome::Eof,
            },
        )
    }
}

fn resolved(result: SocketResult<Addresses>, name: &str) -> Phase {
    match result {
        Ok(addresses) => Phase::Resolved(addresses.iter().collect()),
        Err(error) => Phase::Failed(error::of_name(error, name)),
    }
}

impl Answer {
    fn new(name: String, phase: Phase) -> Arc<Self> {
        let is_ready = !matches!(phase, Phase::Resolving(_));
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            signal: Signal::new(is_ready),
            phase: Lock::new(phase),
            name,
        })
    }

    fn phase(&self) -> Guard<'_, Phase> {
        self.phase.lock()
    }

    fn next(&self) -> io::Result<Option<IpAddr>> {
        if matches!(*self.phase(), Phase::Resolving(_)) {
            operations::progress();
        }
        let mut phase = self.phase();
        match &mut *phase {
            Phase::Resolving(_) => return Err(io::ErrorKind::WouldBlock.into()),
            Phase::Resolved(addresses) => return Ok(addresses.pop_front()),
            Phase::Failed(_) => {}
        }
        match std::mem::replace(&mut *phase, Phase::Resolved(VecDeque::new())) {
            Phase::Failed(error) => Err(error),
            Phase::Resolving(_) | Phase::Resolved(_) => Ok(None),
        }
    }
}

impl Completes for Answer {
    fn complete(&self, event: Event) {
        let mut phase = self.phase();
        let before = std::mem::replace(&mut *phase, Phase::Resolved(VecDeque::new()));
        *phase = match before {
            Phase::Resolving(call) => match call.returned(event) {
                Ok(result) => resolved(result.map_err(WireError::of_lookup), &self.name),
                Err(call) => {
                    operations::add(call.waitable(), self);
                    Phase::Resolving(call)
                }
            },
            other => other,
        };
        self.signal.set(!matches!(*phase, Phase::Resolving(_)));
    }

    fn weak(&self) -> WeakOwner {
        self.me.clone()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Phase::Resolving(call) = &*self.phase.lock() {
            operations::remove(call.waitable());
        }
    }
}

impl HostSource for Owner {
    fn target(&self, _interest: Interest) -> Target {
        Target::Signals([Some(self.0.signal.id()), None])
    }
}

host_source!(Owner);

event::source_by_field!(Lookup, 0);

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lookup").field(&self.0.0.name).finish()
    }
}
