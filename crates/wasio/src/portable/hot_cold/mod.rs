//! For hosts whose wait costs O(sources): the array that such a host is handed, which part of it is
//! hot, and the policy that says when to wait on which part.

mod array;
mod drive;
mod heat;
mod policy;

pub(crate) use self::array::{HostRecord, Part, PollArray, Window};
pub(crate) use self::drive::{Parts, drive};
pub(crate) use self::heat::{Heat, Warmth};
#[allow(unused_imports, reason = "some backends use it")]
pub(crate) use self::policy::FEW;
pub(crate) use self::policy::{CHUNK, Policy};

use super::{Direction, Key, Registrations, Source};

/// Begins a poll: brings the array up to date with what was armed, disarmed, registered and
/// deregistered since the last one, and cools what moved no bytes for long. `record` makes the host's
/// record of a direction; `None` for one that is not waited for.
#[inline]
pub(crate) fn update<S: Source, R: HostRecord>(
    registrations: &mut Registrations<S, Warmth>,
    heat: &mut Heat,
    array: &mut PollArray<R>,
    record: impl FnMut(S, Key, Direction) -> Option<R>,
) {
    let poll = heat.begin_poll();
    if registrations.has_changes() || array.may_cool(poll) {
        apply(registrations, *heat, poll, array, record);
    }
}

#[inline(never)]
fn apply<S: Source, R: HostRecord>(
    registrations: &mut Registrations<S, Warmth>,
    heat: Heat,
    poll: u32,
    array: &mut PollArray<R>,
    mut record: impl FnMut(S, Key, Direction) -> Option<R>,
) {
    while let Some(change) = registrations.next_change() {
        for direction in Direction::BOTH {
            let slot = change.key.slot(direction);
            let is_armed = change.armed.contains(direction);
            let record = is_armed.then(|| record(change.source, change.key, direction));
            if let Some(record) = record.flatten() {
                let hot = heat.is_hot(&change.slots[direction as usize]);
                array.put(slot, record, hot);
            } else {
                array.remove(slot);
            }
        }
    }
    array.cool_stale(poll, |slot| {
        let warmth = registrations.slot_at(slot.index(), slot.direction());
        warmth.is_none_or(|warmth| !heat.is_hot(warmth))
    });
}

#[cfg(all(test, not(target_os = "wasi")))]
mod tests;
