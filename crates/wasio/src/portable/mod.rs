//! The portable core: the selector, once for every backend, and what it is made of.
//!
//! Pure data structures and decisions: no I/O, no clock of its own, no unsafe code. What differs from
//! host to host is behind the trait [`Backend`]. It is tested natively, by unit and property tests and
//! against scripted hosts.
#![cfg_attr(
    any(not(test), target_os = "wasi"),
    allow(
        dead_code,
        reason = "each backend uses a part of it, and the native tests use all of it"
    )
)]

mod backend;
mod backoff;
mod config;
mod directions;
mod fd_index;
mod fork;
mod found;
#[cfg(any(all(target_os = "wasi", not(wasio_waitables)), test, fuzzing))]
pub(crate) mod hot_cold;
mod key;
mod notify;
mod pausing;
mod registrations;
mod select;
mod selector;
mod slab;
#[cfg(feature = "task")]
mod tasks;
#[cfg(all(any(test, fuzzing), not(loom)))]
pub(crate) mod tests;
mod timers;
mod timing;
mod until;
#[cfg(feature = "task")]
mod waiters;
mod waiting;
mod waits;
mod wake;

pub(crate) use self::backend::{Backend, Failure, Report, Shared, State, WaitCall};
pub(crate) use self::backoff::{Doubt, Futile, Pauses};
pub(crate) use self::config::Config;
pub(crate) use self::directions::Directions;
pub(crate) use self::fd_index::FdIndex;
pub(crate) use self::key::{Direction, Key};
pub(crate) use self::notify::Notify;
#[allow(unused_imports, reason = "some backends use it")]
pub(crate) use self::registrations::Registration;
pub(crate) use self::registrations::{Registrations, Source};
pub(crate) use self::selector::Selector;
pub(crate) use self::slab::Slab;
#[cfg(test)]
pub(crate) use self::slab::touches;
#[cfg(feature = "task")]
pub(crate) use self::tasks::Downgrade;
pub(crate) use self::timers::{Expiry, Timers};
#[allow(unused_imports, reason = "some backends use it")]
pub(crate) use self::until::LONGEST_WAIT_NS;
pub(crate) use self::until::{Until, saturating_ns};
#[cfg(feature = "task")]
pub(crate) use self::waiters::{Slot, Waiters};
pub(crate) use self::waits::Waits;
pub(crate) use self::wake::WakeFlag;
