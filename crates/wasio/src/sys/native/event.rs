//! What the operating system reports.

use polling::Event;

use crate::event::Readiness;
use crate::portable::{Directions, Key};
use crate::{Interest, Mode};

/// The low bits of a label are the index, the rest is the generation: on 32 bits a million sources
/// and 4095 uses of an index.
const INDEX_BITS: u32 = if usize::BITS >= 64 { 32 } else { 20 };
const INDEX_MASK: usize = (1 << INDEX_BITS) - 1;
const GENERATION_MASK: u32 = u32::MAX >> (u32::BITS + INDEX_BITS - usize::BITS);

/// One answer of the operating system.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Ready {
    pub(super) key: Key,
    pub(super) readiness: Readiness,
    pub(super) event: Event,
}

/// What polling is given to name a registration; `None` if its index is too large for that.
/// Never `usize::MAX`, which polling keeps for itself: no index is that large.
pub(super) const fn to_label(key: Key) -> Option<usize> {
    if key.index as usize >= INDEX_MASK {
        return None;
    }
    let generation = (key.generation & GENERATION_MASK) as usize;
    Some(generation << INDEX_BITS | key.index as usize)
}

/// The index that a label holds.
#[allow(
    clippy::cast_possible_truncation,
    reason = "an index has at most 32 bits"
)]
pub(super) const fn index_of(label: usize) -> u32 {
    (label & INDEX_MASK) as u32
}

/// Whether a label names `key`: it was not made for an earlier registration with the same index.
pub(super) fn names(label: usize, key: Key) -> bool {
    to_label(key) == Some(label)
}

/// What polling is asked for.
pub(super) fn asked(label: usize, interest: Interest, armed: Directions) -> Event {
    use crate::portable::Direction::{Read, Write};
    let mut event = Event::new(
        label,
        interest.is_readable() && armed.contains(Read),
        interest.is_writable() && armed.contains(Write),
    );
    event.set_priority(interest.is_priority() && armed.contains(Read));
    event
}

/// The polling mode of a registration.
pub(super) const fn poll_mode(mode: Mode, os_edge: bool) -> polling::PollMode {
    match mode {
        Mode::Level => polling::PollMode::Level,
        Mode::Edge if os_edge => polling::PollMode::Edge,
        Mode::Edge | Mode::Oneshot => polling::PollMode::Oneshot,
    }
}

/// What an event of the operating system says about a source with this interest.
pub(super) fn readiness(event: Event, is_closed: bool, interest: Interest) -> Readiness {
    let hung_up = event.is_interrupt();
    [
        (event.readable, Readiness::READABLE),
        (event.writable, Readiness::WRITABLE),
        // Some systems report it unasked.
        (
            event.is_priority() && interest.is_priority(),
            Readiness::PRIORITY,
        ),
        (hung_up || is_closed, Readiness::READ_CLOSED),
        (hung_up, Readiness::WRITE_CLOSED),
        (event.is_err() == Some(true), Readiness::FAILED),
    ]
    .into_iter()
    .filter(|(is_so, _)| *is_so)
    .fold(Readiness::EMPTY, |all, (_, one)| all.with(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_names_its_key_alone_and_is_never_the_one_polling_keeps() {
        let indices = [0, 1, u32::try_from(INDEX_MASK - 1).unwrap()];
        for index in indices {
            for generation in [1, GENERATION_MASK] {
                let key = Key { index, generation };
                let label = to_label(key).unwrap();
                assert_ne!(label, usize::MAX);
                assert_eq!(index_of(label), index);
                assert!(names(label, key));
                let next = Key {
                    generation: generation ^ 2,
                    ..key
                };
                assert!(!names(label, next));
            }
        }
    }
}
