//! What the host, or libc, reports.

use super::Record;
use super::host::PollFd;
use crate::event::Readiness;
use crate::portable::{Direction, Directions, Failure, Key, Report};

/// One direction of a source that is ready.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Ready {
    pub(super) key: Key,
    pub(super) direction: Direction,
    pub(super) answer: Answer,
}

#[derive(Copy, Clone, Debug)]
pub(super) enum Answer {
    /// An operation has ended.
    Ended,
    /// What libc's `poll` returned of a descriptor.
    Fd(PollFd),
}

impl Ready {
    pub(super) fn report(&self) -> Report {
        let (readiness, failure, record) = match self.answer {
            Answer::Ended => (
                Readiness::ready(self.direction, false),
                None,
                Record::Operation(self.direction),
            ),
            Answer::Fd(fd) => {
                let (readiness, failure) = of_fd(fd.revents, self.direction);
                (readiness, failure, Record::Fd(fd))
            }
        };
        Report {
            key: self.key,
            directions: Directions::one(self.direction),
            readiness,
            failure,
            record,
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
