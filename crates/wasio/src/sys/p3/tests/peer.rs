//! The peers of the streams of the scripted host.

use super::imports::Memory;

/// The other side of a stream in each direction.
#[derive(Debug, Default)]
pub(super) struct Peer {
    /// The bytes that it has sent, and those that the program was given. Each is its number in the
    /// stream, modulo 251.
    pub(super) sent: u64,
    pub(super) given: u64,
    /// Whether it takes the next write.
    pub(super) room: bool,
    pub(super) taken: u64,
    /// It takes no more, and the program was told so.
    pub(super) refuses: bool,
    /// It is gone: whether by a reset.
    pub(super) ended: Option<bool>,
    /// The host does not say how it went.
    pub(super) is_unsaid: bool,
    /// As `ended`, once the program was told.
    pub(super) told: Option<bool>,
    /// The handles of its streams and futures.
    pub(super) handles: Vec<u32>,
}

pub(super) const fn byte(number: u64) -> u8 {
    (number % 251).to_le_bytes()[0]
}

impl Peer {
    /// It goes by an error, and what it has sent is lost.
    pub(super) fn fail(&mut self, is_unsaid: bool) {
        self.sent = self.given;
        self.ended = Some(true);
        self.is_unsaid |= is_unsaid;
    }

    /// Gives the program what there is, and there is room for, and at most `most` bytes.
    pub(super) fn give(&mut self, memory: &Memory, most: usize) -> usize {
        let room = u64::try_from(memory.len.min(most)).expect("a length");
        let end = self.sent.min(self.given + room);
        let bytes: Vec<u8> = (self.given..end).map(byte).collect();
        memory.write(&bytes);
        self.given = end;
        bytes.len()
    }

    /// Takes what the program has written. Returns whether it is that.
    pub(super) fn take(&mut self, bytes: &[u8]) -> bool {
        let are_right = (self.taken..)
            .zip(bytes)
            .all(|(number, found)| byte(number) == *found);
        self.taken += bytes.len() as u64;
        are_right
    }
}
