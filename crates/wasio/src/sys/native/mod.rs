//! The native backend: the crate polling waits, socket2 and rustix open what the
//! standard library cannot.
//!
//! The operating system keeps what is armed. Only where it has no edges (Windows), and for files
//! it cannot wait for, does the selector do that itself.

mod event;
#[cfg(feature = "net")]
pub(crate) mod lookup;
#[cfg(feature = "net")]
pub(crate) mod net;
#[cfg(feature = "net")]
pub(crate) mod options;
#[allow(unsafe_code, reason = "the only door to the operating system")]
mod raw;
mod record;
mod selector;
pub(crate) mod stdio;
#[cfg(all(test, unix, not(loom)))]
mod tests;
mod wait;

pub(crate) use self::record::Record;
pub(crate) use self::selector::Selector;
