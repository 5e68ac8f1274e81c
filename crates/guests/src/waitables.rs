//! What the component model returns of streams, futures and subtasks, for the guests with bindings
//! that are not wasio's.

/// An operation of a stream or a future has not ended.
pub const BLOCKED: u32 = u32::MAX;
/// It has ended because the other end was dropped.
pub const DROPPED: u32 = 1;
/// It was cancelled.
pub const CANCELLED: u32 = 2;
/// A subtask has returned.
pub const RETURNED: u32 = 2;

/// The end to read from and the end to write to of a new stream or future.
///
/// # Panics
/// Never: a half of 64 bits has 32.
#[must_use]
pub fn ends(both: u64) -> (u32, u32) {
    let half = |ends: u64| u32::try_from(ends & u64::from(u32::MAX)).expect("32 bits");
    (half(both), half(both >> 32))
}
