//! What the host, or libc, reports.

use super::Record;
use crate::event::Readiness;
use crate::portable::{Direction, Directions, Failure, Key, Report};
use crate::sys::poll_fd::PollFd;

/// A source that is ready.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Ready {
    pub(super) key: Key,
    pub(super) answer: Answer,
}

#[derive(Copy, Clone, Debug)]
pub(super) enum Answer {
    /// The operations in flight of these directions have ended.
    Ended(Directions),
    /// What libc's `poll` returned of one direction of a descriptor.
    Fd(Direction, PollFd),
}

impl Ready {
    pub(super) fn report(&self) -> Report {
        let (directions, (readiness, failure)) = match self.answer {
            Answer::Ended(directions) => (directions, (directions.to_readiness(), None)),
            Answer::Fd(direction, fd) => (Directions::one(direction), of_fd(fd.revents, direction)),
        };
        Report {
            key: self.key,
            directions,
            readiness,
            failure,
            record: self.record(),
        }
    }

    /// What an event keeps of it.
    #[cfg(wasio_waitables)]
    const fn record(&self) -> Record {
        match self.answer {
            Answer::Ended(directions) => Record::Operation(directions),
            Answer::Fd(_, fd) => Record::Fd(fd),
        }
    }

    /// In the tests events are of the backend of the target.
    #[cfg(not(wasio_waitables))]
    const fn record(&self) -> Record {
        Record::LOCAL
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
