//! WASI 0.3: the component model's asynchronous functions and streams.
//!
//! A wait is for operations in flight, in one waitable set, and costs what has ended. Each source
//! keeps one in flight in each direction that is of interest and not ready: a read into a buffer, an
//! accept into a slot, a write of what the host did not take at once.

mod alone;
mod backend;
#[allow(unsafe_code, reason = "the only door to the host")]
mod bindings;
mod clock;
mod descriptors;
mod event;
mod foreign;
mod operations;
mod receiver;
mod selector;
mod sender;
mod signals;
pub(crate) mod target;
mod unread;
mod unsent;
mod wait;

#[cfg(wasio_waitables)]
pub(crate) mod error;
#[cfg(all(wasio_waitables, feature = "net"))]
pub(crate) mod lookup;
#[cfg(all(wasio_waitables, feature = "net"))]
pub(crate) mod net;
#[cfg(wasio_waitables)]
mod record;
#[cfg(wasio_waitables)]
pub(crate) mod stdio;

#[cfg(all(wasio_waitables, feature = "net"))]
pub(crate) use self::bindings::{IpAddressFamily, TcpSocket, UdpSocket, monotonic_clock};
#[cfg(wasio_waitables)]
pub(crate) use self::foreign::Foreign;
#[cfg(wasio_waitables)]
pub(crate) use self::record::Record;
#[cfg(wasio_waitables)]
pub(crate) use self::selector::Selector;
#[cfg(wasio_waitables)]
pub(crate) use self::sender::offered_of;

#[cfg(not(wasio_waitables))]
use super::Record;
#[cfg(wasio_waitables)]
use super::resources::raw;
#[cfg(not(wasio_waitables))]
#[path = "tests/raw.rs"]
mod raw;
#[cfg(not(wasio_waitables))]
mod tests;
