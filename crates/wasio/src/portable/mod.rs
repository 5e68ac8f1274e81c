//! The portable core: what every backend shares and no host is needed for.
//!
//! Pure data structures and decisions: no I/O, no clock of its own, no unsafe code.
//! It is tested natively, by unit and property tests.
#![allow(dead_code, unused_imports, reason = "each backend uses a part of it")]

mod key;
mod order;
mod policy;
mod sources;
mod timers;
mod wake;

pub(crate) use self::key::{Direction, Key};
pub(crate) use self::order::{Loan, Order, Part, Placed};
pub(crate) use self::policy::{Config, Policy, Step};
pub(crate) use self::sources::Sources;
pub(crate) use self::timers::{Expiry, Timers};
pub(crate) use self::wake::{Parker, WakeFlag};

/// Arrays up to this length double when they are full.
const SMALL: usize = 256;

/// Adds to an array that grows by a quarter once it is large: a table of a thousand sources has
/// room for a thousand more otherwise, which costs more memory than all but the host's records.
pub(crate) fn push<T>(array: &mut Vec<T>, value: T) {
    if array.len() == array.capacity() {
        return grow_and_push(array, value);
    }
    array.push(value);
}

#[cold]
#[inline(never)]
fn grow_and_push<T>(array: &mut Vec<T>, value: T) {
    let len = array.len();
    let more = if len < SMALL { len.max(4) } else { len / 4 };
    array.reserve_exact(more);
    // Always so, which the compiler does not see: it would link another way to grow.
    if array.len() < array.capacity() {
        array.push(value);
    }
}
