//! WASI 0.3: the component model's asynchronous functions and streams.
//!
//! A wait is for operations in flight, in one waitable set, and costs what has ended. Each source
//! keeps one in flight in each direction that is of interest and not ready: a read into a buffer, an
//! accept into a slot, a write of what the host did not take at once.

mod backend;
#[allow(unsafe_code, reason = "the only door to the host")]
mod bindings;
mod clock;
mod descriptors;
mod error;
mod event;
mod foreign;
mod host;
#[cfg(feature = "net")]
#[path = "../p2/net/linger.rs"]
mod linger;
#[cfg(feature = "net")]
pub(crate) mod lookup;
#[cfg(feature = "net")]
pub(crate) mod net;
mod operations;
#[cfg(feature = "net")]
#[path = "../p2/options.rs"]
pub(crate) mod options;
#[path = "../p2/raw.rs"]
#[allow(unsafe_code, reason = "the only door to libc")]
mod raw;
mod receiver;
mod record;
mod selector;
mod sender;
mod signals;
pub(crate) mod source;
pub(crate) mod stdio;
mod target;
mod wait;

#[cfg(feature = "net")]
use self::bindings::{IpAddressFamily, TcpSocket, UdpSocket, monotonic_clock};
pub use self::error::HostError;
pub(crate) use self::foreign::Foreign;
pub(crate) use self::record::Record;
pub(crate) use self::selector::Selector;
