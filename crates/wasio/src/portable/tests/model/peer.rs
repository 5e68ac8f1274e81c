//! A source as its peer and its program see it.

use super::{How, Kind};
use crate::io_outcome::IoOutcome;
use crate::portable::Direction;

/// The state of a source, which each scripted host keeps in its own form.
pub(crate) struct Peer<'a> {
    pub(crate) kind: Kind,
    /// Bytes to read, or connections to accept.
    pub(crate) pending: &'a mut u64,
    /// Whether there is room to write.
    pub(crate) room: &'a mut bool,
    pub(crate) ended: &'a mut bool,
    /// Whether the peer has reset it.
    pub(crate) failed: &'a mut bool,
}

impl Peer<'_> {
    pub(super) fn set_room(&mut self, room: bool) {
        if self.kind == Kind::Stream {
            *self.room = room;
        }
    }

    pub(super) fn end(&mut self, resets: bool) {
        if self.kind == Kind::Stream {
            *self.failed |= resets;
            *self.ended |= !resets;
        }
    }

    /// An operation of the program.
    pub(super) fn io(&mut self, direction: Direction, how: How) -> IoOutcome {
        match (how, direction) {
            (How::Blocked, _) => IoOutcome::WouldBlock,
            (How::Fails, _) => IoOutcome::Failed,
            _ if self.kind == Kind::File => IoOutcome::Complete,
            (_, Direction::Read) => self.read(how),
            (_, Direction::Write) => self.write(how),
        }
    }

    fn read(&mut self, how: How) -> IoOutcome {
        if *self.pending == 0 {
            return match *self.ended || *self.failed {
                true => IoOutcome::Eof,
                false => IoOutcome::WouldBlock,
            };
        }
        match how {
            How::Peek => return IoOutcome::Peeked,
            How::All => *self.pending = 0,
            _ => *self.pending -= 1,
        }
        match how {
            How::One => IoOutcome::Complete,
            _ => IoOutcome::Partial,
        }
    }

    fn write(&mut self, how: How) -> IoOutcome {
        match (self.kind, how) {
            (Kind::Listener, _) | (_, How::Peek) => return IoOutcome::NoOp,
            _ if *self.failed => return IoOutcome::Eof,
            _ if !*self.room => return IoOutcome::WouldBlock,
            (_, How::One) => return IoOutcome::Complete,
            (_, How::Short) => {}
            _ => *self.room = false,
        }
        IoOutcome::Partial
    }
}
