//! Names: `wasi:sockets/ip-name-lookup`.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use super::alone::{Alone, Part};
use super::bindings::{Addresses, Called, Event, Resolve, SocketResult, resolve_addresses};
use super::error;
use super::operations;
use super::signals::Signal;
use super::target::Target;
use crate::Interest;
use crate::net::Name;
use crate::portable::{Direction, Directions};
use crate::sys::resources::net::handles::Handles;
use crate::sys::resources::source::HostSource;

pub(crate) struct Answer(Arc<Alone<State>>);

pub(crate) struct State {
    name: String,
    phase: Phase,
}

enum Phase {
    Resolving(Resolve, Handles<1>),
    /// The addresses that are left, or the error.
    Resolved(VecDeque<io::Result<IpAddr>>),
}

fn resolved(result: SocketResult<Addresses>, name: &str) -> Phase {
    Phase::Resolved(match result {
        Ok(addresses) => addresses.iter().map(Ok).collect(),
        Err(error) => VecDeque::from([Err(error::of_name(error, name))]),
    })
}

impl Answer {
    pub(crate) fn of(name: Name) -> io::Result<Self> {
        let name = match name {
            Name::Address(address) => {
                let phase = Phase::Resolved(VecDeque::from([Ok(address)]));
                return Ok(Self::new(address.to_string(), phase));
            }
            Name::Domain(name) => name,
        };
        let handles = Handles::reserve()?;
        Ok(match resolve_addresses(name.clone()) {
            Called::Returned(result) => {
                let phase = resolved(result, &name);
                Self::new(name, phase)
            }
            Called::Pending(call) => {
                let waitable = call.waitable();
                let answer = Self::new(name, Phase::Resolving(call, handles));
                operations::add(waitable, &answer.0.signal);
                answer
            }
        })
    }

    fn new(name: String, phase: Phase) -> Self {
        let ready = match phase {
            Phase::Resolving(..) => Directions::NONE,
            Phase::Resolved(_) => Directions::one(Direction::Read),
        };
        Self(Alone::new(State { name, phase }, ready))
    }

    pub(crate) fn next(&self) -> io::Result<Option<IpAddr>> {
        operations::retried(|| match &mut self.0.part().phase {
            Phase::Resolving(..) => Err(io::ErrorKind::WouldBlock.into()),
            Phase::Resolved(answers) => answers.pop_front().transpose(),
        })
    }
}

impl Part for State {
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

impl HostSource for Answer {
    fn target(&self, _interest: Interest) -> Target {
        Target::Signal(self.0.signal.id())
    }
}

/// What is looked up.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.part().name.fmt(f)
    }
}
