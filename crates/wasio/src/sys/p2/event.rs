//! What the host, or libc, reports.

use super::Record;
use super::host::Handle;
use crate::event::Readiness;
use crate::portable::{Direction, Directions, Failure, Key, Report};
use crate::sys::poll_fd::PollFd;

/// One direction of a source that is ready.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Ready {
    pub(super) key: Key,
    pub(super) direction: Direction,
    pub(super) answer: Answer,
}

#[derive(Copy, Clone, Debug)]
pub(super) enum Answer {
    /// The pollable with this handle is ready: the host says no more than that.
    #[cfg_attr(
        not(target_os = "wasi"),
        allow(dead_code, reason = "the tests have no records of this host")
    )]
    Pollable(Handle),
    /// What libc's `poll` returned of a descriptor.
    Fd(PollFd),
}

impl Ready {
    pub(super) fn report(&self) -> Report {
        let (readiness, failure) = match self.answer {
            Answer::Pollable(_) => (Readiness::ready(self.direction, false), None),
            Answer::Fd(fd) => of_fd(fd.revents, self.direction),
        };
        Report {
            key: self.key,
            directions: Directions::one(self.direction),
            readiness,
            failure,
            record: record(self.answer),
        }
    }
}

fn of_fd(revents: i16, direction: Direction) -> (Readiness, Option<Failure>) {
    if revents & PollFd::POLLNVAL != 0 {
        (Readiness::FAILED, Some(Failure::Closed))
    } else if revents & PollFd::POLLERR != 0 {
        (Readiness::FAILED, Some(Failure::Source))
    } else {
        let is_closed = revents & PollFd::POLLHUP != 0;
        (Readiness::ready(direction, is_closed), None)
    }
}

/// What an event keeps of it.
#[cfg(target_os = "wasi")]
const fn record(answer: Answer) -> Record {
    match answer {
        Answer::Pollable(handle) => Record::Pollable(handle),
        Answer::Fd(fd) => Record::Fd(fd),
    }
}

/// In the native tests events are of the native backend.
#[cfg(not(target_os = "wasi"))]
const fn record(_: Answer) -> Record {
    Record::Local
}
