//! The look-up of a name, or of an address, which needs no host.

use std::fmt;
use std::io;
use std::net::IpAddr;

use super::source::host_source;
use crate::io_outcome::IoOutcome;
use crate::net::Name;
use crate::portable::Direction;
use crate::sys::imp::lookup::Answer;
use crate::{IoSource, event};

pub(crate) struct Lookup(IoSource<Answer>);

impl Lookup {
    pub(crate) fn new(name: Name) -> io::Result<Self> {
        Answer::of(name).map(|answer| Self(IoSource::new(answer)))
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

host_source!(Answer);

event::source_by_field!(Lookup, 0);

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lookup").field(&*self.0).finish()
    }
}
