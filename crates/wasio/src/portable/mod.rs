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
pub(crate) use self::order::{Order, Part};
pub(crate) use self::policy::{Config, Policy, Step};
pub(crate) use self::sources::Sources;
pub(crate) use self::timers::{Expiry, Timers};
pub(crate) use self::wake::{Parker, WakeFlag};
