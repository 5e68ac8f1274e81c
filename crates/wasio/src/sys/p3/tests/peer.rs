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
    /// It is gone: whether by a reset.
    pub(super) ended: Option<bool>,
    /// The handles of its streams and futures.
    pub(super) handles: Vec<u32>,
}

pub(super) const fn byte(number: u64) -> u8 {
    (number % 251).to_le_bytes()[0]
}

impl Peer {
    /// Gives the program what there is, and there is room for.
    pub(super) fn give(&mut self, memory: &Memory) -> usize {
        let room = u64::try_from(memory.len).expect("a length");
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
