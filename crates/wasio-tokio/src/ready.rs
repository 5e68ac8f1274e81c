//! Any pollable.

use std::future::poll_fn;
use std::io;

use wasio::{Interest, Pollable};

use crate::register::Awaited;

/// A `pollable` of `wasi:io/poll`, of any bindings.
///
/// With the feature `wasip2` it is implemented for the pollables of the crate wasip2. For those of
/// other bindings implement it on your generated type, or on a type that holds it.
pub trait AsPollable {
    /// The handle of the pollable. A wait for a handle that is none of a pollable ends the program:
    /// the host traps.
    fn pollable_handle(&self) -> u32;
}

impl<T: AsPollable + ?Sized> AsPollable for &T {
    fn pollable_handle(&self) -> u32 {
        (**self).pollable_handle()
    }
}

#[cfg(feature = "wasip2")]
impl AsPollable for wasip2::io::poll::Pollable {
    fn pollable_handle(&self) -> u32 {
        self.handle()
    }
}

/// Waits until a pollable is ready, in the poll that the runtime waits in (WASI 0.2 only).
///
/// So whatever WASI 0.2 has is awaited beside tokio's sockets and timers: the answer to a request of
/// `wasi:http`, the body of one, a clock. Dropping the future ends the wait and nothing else.
///
/// # Errors
///
/// What the registration of the pollable returns.
///
/// # Examples
///
#[cfg_attr(feature = "wasip2", doc = "```")]
#[cfg_attr(not(feature = "wasip2"), doc = "```ignore")]
/// use wasip2::clocks::monotonic_clock::subscribe_duration;
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> std::io::Result<()> {
///     let soon = subscribe_duration(1_000_000);
///     let late = subscribe_duration(3_600_000_000_000);
///     tokio::select! {
///         done = wasio_tokio::ready(&soon) => done,
///         _ = wasio_tokio::ready(&late) => unreachable!("it takes an hour"),
///     }
/// }
/// ```
pub async fn ready<P: AsPollable + ?Sized>(pollable: &P) -> io::Result<()> {
    let source = Pollable::oneshot(pollable.pollable_handle());
    let mut source = Awaited::new(source, Interest::READABLE);
    poll_fn(|context| source.poll_ready(context)).await
}
