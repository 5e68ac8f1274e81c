//! What one I/O operation showed about a source, and what follows from it: the same on every
//! backend.

use std::io;

use crate::portable::Direction;

/// What an operation showed.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum IoOutcome {
    /// It would have blocked.
    WouldBlock,
    /// It moved fewer bytes than there was room for: the host has no more for now.
    Partial,
    /// It moved something, and there may be more.
    Complete,
    /// As `Partial`, but the bytes are still there for the next read.
    #[cfg_attr(not(feature = "net"), allow(dead_code, reason = "sockets only"))]
    Peeked,
    /// The stream has ended, or its peer has broken it off.
    Eof,
    /// It failed, and the next one may succeed: an accept without a free descriptor, a datagram
    /// that came back.
    Failed,
    /// Nothing: the buffer was empty, or the end is still there for the next read.
    NoOp,
}

/// What a selector does after an operation.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Effect {
    /// The source counts as active: it stays in the hot part of the array.
    pub(crate) warms: bool,
    pub(crate) arming: Arming,
    /// The event before it was for nothing.
    pub(crate) is_futile: bool,
    /// The next operation would only find `WouldBlock`, unless something arrives first.
    pub(crate) is_known_blocked: bool,
}

/// What becomes of a direction.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Arming {
    Unchanged,
    Arm,
    Disarm,
}

impl IoOutcome {
    /// Of a stream that moved `moved` bytes where it could have moved `len`.
    pub(crate) const fn of_stream(moved: usize, len: usize) -> Self {
        if len == 0 {
            Self::NoOp
        } else if moved == 0 {
            Self::Eof
        } else if moved < len {
            Self::Partial
        } else {
            Self::Complete
        }
    }

    /// Of any operation that returned this error.
    pub(crate) fn of_error(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock => Self::WouldBlock,
            _ => Self::Failed,
        }
    }

    /// Of a read or write of a stream that returned this error.
    pub(crate) fn of_stream_error(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock => Self::WouldBlock,
            io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset => Self::Eof,
            _ => Self::Failed,
        }
    }

    /// Of a peek that found `peeked` bytes and had room for `len`.
    #[cfg_attr(not(feature = "net"), allow(dead_code, reason = "sockets only"))]
    pub(crate) const fn of_peek(peeked: usize, len: usize) -> Self {
        match Self::of_stream(peeked, len) {
            Self::Eof => Self::NoOp,
            Self::Partial => Self::Peeked,
            other => other,
        }
    }

    pub(crate) const fn effect(self, direction: Direction) -> Effect {
        let is_write = matches!(direction, Direction::Write);
        let (warms, arming) = match self {
            // A write that blocks follows writes that did not, which have no effect of their own.
            Self::WouldBlock => (is_write, Arming::Arm),
            Self::Partial => (true, Arming::Arm),
            Self::Complete => (!is_write, Arming::Unchanged),
            // Without another event the program would never retry.
            Self::Peeked | Self::Failed => (false, Arming::Arm),
            // The end stays ready. The program has read it, and a level-triggered host would
            // report it in each poll.
            Self::Eof => (false, Arming::Disarm),
            Self::NoOp => (false, Arming::Unchanged),
        };
        Effect {
            warms,
            arming,
            // A peek that found less than it had room for may find the same again.
            is_futile: matches!(self, Self::WouldBlock | Self::Failed | Self::Peeked),
            is_known_blocked: matches!(self, Self::Partial),
        }
    }
}

impl Effect {
    /// Whether there is nothing to do.
    pub(crate) const fn is_none(self) -> bool {
        !self.warms && matches!(self.arming, Arming::Unchanged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTCOMES: [IoOutcome; 7] = [
        IoOutcome::WouldBlock,
        IoOutcome::Partial,
        IoOutcome::Complete,
        IoOutcome::Peeked,
        IoOutcome::Eof,
        IoOutcome::Failed,
        IoOutcome::NoOp,
    ];

    fn those_that(has: impl Fn(Effect) -> bool, direction: Direction) -> Vec<IoOutcome> {
        let effects = |outcome: &IoOutcome| has(outcome.effect(direction));
        OUTCOMES.into_iter().filter(effects).collect()
    }

    #[test]
    fn what_shows_that_there_is_no_more_arms_and_so_does_an_error() {
        use IoOutcome::{Eof, Failed, Partial, Peeked, WouldBlock};
        for direction in Direction::BOTH {
            let armed = those_that(|effect| effect.arming == Arming::Arm, direction);
            assert_eq!(armed, [WouldBlock, Partial, Peeked, Failed]);
            let disarmed = those_that(|effect| effect.arming == Arming::Disarm, direction);
            assert_eq!(disarmed, [Eof]);
        }
    }

    #[test]
    fn only_a_short_read_or_write_answers_for_the_next() {
        for direction in Direction::BOTH {
            let known = those_that(|effect| effect.is_known_blocked, direction);
            assert_eq!(known, [IoOutcome::Partial]);
        }
    }

    #[test]
    fn only_a_peer_that_broke_off_ends_a_stream() {
        use io::ErrorKind::{BrokenPipe, ConnectionRefused, ConnectionReset, NotConnected, Other};
        let of_stream = |kind: io::ErrorKind| IoOutcome::of_stream_error(&kind.into());
        for kind in [BrokenPipe, ConnectionReset] {
            assert_eq!(of_stream(kind), IoOutcome::Eof);
            // A listener or a UDP socket goes on.
            assert_eq!(IoOutcome::of_error(&kind.into()), IoOutcome::Failed);
        }
        for kind in [ConnectionRefused, NotConnected, Other] {
            assert_eq!(of_stream(kind), IoOutcome::Failed);
        }
    }

    #[test]
    fn a_peek_takes_nothing_and_never_ends_a_stream() {
        assert_eq!(IoOutcome::of_peek(0, 4), IoOutcome::NoOp);
        assert_eq!(IoOutcome::of_peek(3, 4), IoOutcome::Peeked);
        assert_eq!(IoOutcome::of_peek(4, 4), IoOutcome::Complete);
        assert_eq!(IoOutcome::of_peek(0, 0), IoOutcome::NoOp);
    }
}
