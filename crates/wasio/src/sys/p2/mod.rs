//! WASI 0.2: `wasi:io/poll`.
//!
//! A source is two pollables, one for each direction, and the host is handed the array of their
//! handles in place. Descriptors that wasi-libc made are waited for with its `poll`. The selector is
//! generic over [`host::Host`], so that it also runs natively, against scripted hosts.

mod answers;
mod backend;
mod clock;
mod descriptors;
mod event;
mod host;
mod selector;
mod settle;
pub(crate) mod target;
mod wait;
mod waiter;

#[cfg(all(target_os = "wasi", feature = "net"))]
#[allow(
    unsafe_code,
    reason = "a cell that is shared where there is one thread"
)]
mod cell;
#[cfg(target_os = "wasi")]
pub(crate) mod error;
#[cfg(all(target_os = "wasi", feature = "net"))]
pub(crate) mod lookup;
#[cfg(all(target_os = "wasi", feature = "net"))]
pub(crate) mod net;
#[cfg(target_os = "wasi")]
mod owned;
#[cfg(all(target_os = "wasi", feature = "net"))]
mod ready;
#[cfg(target_os = "wasi")]
mod record;
#[cfg(target_os = "wasi")]
pub(crate) mod stdio;
#[cfg(target_os = "wasi")]
mod stream;
#[cfg(target_os = "wasi")]
mod wasi;

#[cfg(target_os = "wasi")]
pub(crate) use self::owned::forget_pollable;
#[cfg(target_os = "wasi")]
pub(crate) use self::record::Record;
#[cfg(target_os = "wasi")]
pub(crate) use self::target::Target;

#[cfg(all(target_os = "wasi", feature = "net"))]
pub(crate) use wasio_bindings::p2::{IpAddressFamily, TcpSocket, UdpSocket, monotonic_clock};

#[cfg(target_os = "wasi")]
pub(crate) type Selector = selector::Selector<wasi::Wasi>;

#[cfg(not(target_os = "wasi"))]
use super::Record;
#[cfg(all(any(test, fuzzing), not(target_os = "wasi"), not(loom)))]
pub(crate) mod tests;
