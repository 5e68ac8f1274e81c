//! The record of the host that `{:#?}` of an event prints: complete, but without padding.

use std::fmt;

use super::abi::{CLOCK, Errno, Event, FD_READ, FD_WRITE, HANGUP};

#[derive(Copy, Clone)]
pub(crate) struct Record {
    userdata: u64,
    nbytes: u64,
    error: Errno,
    flags: u16,
    kind: u8,
}

impl Record {
    /// The event needed no host: a timer, the waker, a source that is always ready.
    pub(crate) const LOCAL: Self = Self::of(&Event::ZERO);

    pub(super) const fn of(event: &Event) -> Self {
        Self {
            userdata: event.userdata,
            nbytes: event.nbytes,
            error: event.error,
            flags: event.flags,
            kind: event.kind,
        }
    }
}

impl fmt::Debug for Record {
    /// Uses the names of the specification.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind: &dyn fmt::Debug = match self.kind {
            CLOCK => &"clock",
            FD_READ => &"fd_read",
            FD_WRITE => &"fd_write",
            _ => &self.kind,
        };
        f.debug_struct("event")
            .field("userdata", &format_args!("{:#018x}", self.userdata))
            .field("error", &self.error)
            .field("type", kind)
            .field("nbytes", &self.nbytes)
            .field("hangup", &(self.flags & HANGUP != 0))
            .finish()
    }
}
