//! The bytes that are sent. Each depends on its connection and on its position, so that a byte that is
//! lost, doubled, out of order or of another connection is seen.

use crate::random::mix;

/// The length of the header, which a connection starts with.
pub const HEADER_LEN: usize = 16;

/// What a connection sends that ends the server.
pub const END: &[u8; HEADER_LEN] = b"wasio-chaos: end";

/// The first half of a header. The number of the connection follows.
const MAGIC: &[u8; 8] = b"chaos, 1";

/// The numbers of what is not a connection of the client.
pub const PROBE: u64 = 1 << 60;
pub const FLOOD: u64 = 1 << 61;
pub const INPUT: u64 = 1 << 62;
pub const DATAGRAM: u64 = 1 << 63;

/// The byte at `offset` of what `id` sends.
fn byte(id: u64, offset: u64) -> u8 {
    let (word, place) = match usize::try_from(offset) {
        Ok(offset @ 0..8) => return MAGIC[offset],
        Ok(offset @ 8..HEADER_LEN) => (id, offset - 8),
        _ => (mix(id ^ mix(offset / 8)), (offset % 8) as usize),
    };
    word.to_le_bytes()[place]
}

/// Writes what `id` sends from `offset` on.
pub fn fill(id: u64, offset: u64, bytes: &mut [u8]) {
    for (at, one) in (offset..).zip(bytes) {
        *one = byte(id, at);
    }
}

/// What `id` sends from `offset` on.
#[must_use]
pub fn bytes(id: u64, offset: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    fill(id, offset, &mut bytes);
    bytes
}

/// # Errors
/// `bytes` are not what `id` sends from `offset` on; the message says where and of whom they are.
pub fn check(id: u64, offset: u64, bytes: &[u8]) -> Result<(), String> {
    let wrong = (offset..)
        .zip(bytes)
        .find(|(at, one)| **one != byte(id, *at));
    match wrong {
        None => Ok(()),
        Some((at, one)) => Err(format!(
            "byte {at} of {id} is {one:#04x} and not {:#04x}: a byte is lost, doubled or of another connection",
            byte(id, at)
        )),
    }
}

/// The number of the connection that starts with `header`.
#[must_use]
pub fn number(header: &[u8; HEADER_LEN]) -> Option<u64> {
    let (magic, id) = header.split_at(8);
    let id = id.try_into().ok()?;
    (magic == MAGIC).then(|| u64::from_le_bytes(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_doubled_swapped_or_of_another_is_seen() {
        let good = bytes(7, 0, 200);
        assert_eq!(check(7, 0, &good), Ok(()));
        assert_eq!(check(7, 50, &good[50..]), Ok(()));
        assert!(check(8, 0, &good).is_err());
        for at in HEADER_LEN..190 {
            let lost = [&good[..at], &good[at + 1..]].concat();
            let doubled = [&good[..=at], &good[at..]].concat();
            assert!(check(7, 0, &lost).is_err(), "{at}");
            assert!(check(7, 0, &doubled).is_err(), "{at}");
        }
        let swapped = [&good[..64], &good[128..], &good[64..128]].concat();
        assert!(check(7, 0, &swapped).is_err());
    }

    #[test]
    fn a_header_has_the_number_and_is_not_the_end() {
        let header = bytes(0x0123_4567_89AB_CDEF, 0, HEADER_LEN);
        let header = header.try_into().expect("its length");
        assert_eq!(number(&header), Some(0x0123_4567_89AB_CDEF));
        assert_eq!(number(END), None);
    }
}
