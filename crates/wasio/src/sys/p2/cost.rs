//! What the host's own work in a wait costs, so that the policy can tell a loop that is slow for
//! waiting on everything from one that has nothing to do.
//!
//! The host makes a future for each pollable of a wait and asks each (wasmtime 46: 0.3 to 0.4 µs). It
//! asks no more than 128 of them in earnest before it starts again from the first, so a wait that
//! blocks on 1 000 costs it about as much as five looks, and on 4 000 as fifteen; and a wait that ends
//! at once, as a look does, sees nothing of the 129th on. Hence looks go in pieces. On hosts where the calls
//! since the guest was last suspended share those 128, a piece with nothing ready suspends it by
//! its clock, and is then asked in earnest.

use crate::portable::Policy;

/// How many cold pollables a look is at, and the most that one call of it is: 30 µs.
pub(super) const LOOKS_AT_ONCE: usize = 100;
/// The most that a look is taken to cost, so that no product of it overflows.
const LONGEST_NS: u64 = 1_000_000_000;
/// A wait that blocks costs one look more for each so many pollables in it.
const NEXT_LOOK: u64 = 384;

/// What a wait on so many pollables costs the host beside the waiting.
pub(super) fn answer_ns(policy: &Policy, pollables: usize) -> u64 {
    // One look is made beforehand, and one when the wait ends.
    let looks = 2 + pollables as u64 / NEXT_LOOK;
    policy.look_ns(pollables).min(LONGEST_NS) * looks
}
