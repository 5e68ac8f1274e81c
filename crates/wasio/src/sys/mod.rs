//! The backends: one folder an interface version, the same file names for the same things.
//!
//! This file holds the contract and the only choice of backend; nothing outside
//! it mentions `target_env`. Each backend provides, and the compiler checks:
//!
//! * `Selector`: the waiting object, an implementation of [`Backend`];
//! * `Record`: the host's own event record, which `{:#?}` of an event prints;
//! * `net`, `options`, `lookup` and `stdio`: what the public types of those names do on this platform.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::io_outcome::IoOutcome;
use crate::portable::{Config, Direction, Expiry, Key, Timers};
use crate::registration::not_registered;
use crate::{Events, Interest, Mode, RawDescriptor, Token};

#[cfg_attr(all(target_os = "wasi", target_env = "p1"), path = "p1/mod.rs")]
#[cfg_attr(all(target_os = "wasi", target_env = "p2"), path = "p2/mod.rs")]
#[cfg_attr(any(unix, windows), path = "native/mod.rs")]
#[cfg_attr(
    not(any(
        all(target_os = "wasi", any(target_env = "p1", target_env = "p2")),
        unix,
        windows
    )),
    path = "unsupported.rs"
)]
mod imp;

mod errors;

pub(crate) use self::errors::static_error;

/// The 0.1 selector is tested natively, against a scripted host.
#[cfg(all(test, not(target_os = "wasi"), not(loom)))]
mod p1;

#[cfg(wasio_pollables)]
pub use self::imp::HostError;
pub(crate) use self::imp::stdio;
pub(crate) use self::imp::{Record, Selector};
#[cfg(wasio_pollables)]
pub(crate) use self::imp::{Target, forget_pollable};
#[cfg(feature = "net")]
pub(crate) use self::imp::{lookup, net, options};

const _: () = {
    const fn implements<B: Backend + Clone + Send + Sync + 'static>() {}
    implements::<Selector>();
};

/// A handle to a selector; clones are handles to the same one.
///
/// * `select` MUST merge the events of one source, MUST NOT return the event of a
///   registration that is gone, and MUST NOT hold a lock while the host waits.
/// * A registration in [`Mode::Edge`] MUST NOT be reported again for what it was reported for until
///   an outcome whose [effect](IoOutcome::effect) is to arm it, or it is reregistered.
/// * Every method MUST be callable while another thread is in `select`.
pub(crate) trait Backend: Sized + fmt::Debug {
    /// Whether the operation after a short one may be answered with `WouldBlock` without asking
    /// the host, for as long as [`is_armed`](Self::is_armed) holds.
    const CAN_SYNTHESIZE_WOULD_BLOCK: bool = false;

    /// A selector with no registrations.
    fn new(config: Config) -> io::Result<Self>;

    /// An independent selector that starts with the same registrations and timers.
    fn fork(&self) -> io::Result<Self>;

    /// Tells selectors apart; never zero.
    fn id(&self) -> usize;

    /// Waits. `events` is empty and has room for one event at least.
    fn select(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()>;

    /// Registers a descriptor and arms it. `AlreadyExists` if it is registered.
    fn register(
        &self,
        source: RawDescriptor,
        token: Token,
        interest: Interest,
        mode: Mode,
    ) -> io::Result<Key>;

    /// Replaces what was registered, and arms. `NotFound` if `key` is stale.
    fn reregister(&self, key: Key, token: Token, interest: Interest, mode: Mode) -> io::Result<()>;

    /// Removes a registration. `NotFound` if `key` is stale.
    fn deregister(&self, key: Key) -> io::Result<()>;

    /// The registration of a descriptor and its mode; `NotFound` if there is none.
    fn find(&self, source: RawDescriptor) -> io::Result<(Key, Mode)>;

    /// Carries out the [effect](IoOutcome::effect) of an operation on an edge-triggered
    /// registration.
    fn after_io(&self, key: Key, direction: Direction, outcome: IoOutcome);

    /// Whether a direction is waited for: no event of it since it was armed.
    fn is_armed(&self, key: Key, direction: Direction) -> bool;

    /// The selector's monotonic clock.
    fn now_ns(&self) -> u64;

    /// Calls `f` on the timers, and sees to it that a thread that waits hears of an
    /// earlier deadline.
    fn with_timers<R>(&self, f: impl FnOnce(&mut Timers) -> R) -> io::Result<R>;

    fn register_timer(&self, token: Token, expiry: Option<Expiry>) -> io::Result<Key> {
        let key = self.with_timers(|timers| timers.register(token, expiry))?;
        let full = "4294967295 timers are registered, which is the limit: deregister some";
        key.ok_or_else(|| static_error(io::ErrorKind::OutOfMemory, full))
    }

    /// `NotFound` if `key` is stale, here and below.
    fn reregister_timer(&self, key: Key, token: Token) -> io::Result<()> {
        found(self.with_timers(|timers| timers.reregister(key, token))?)
    }

    fn deregister_timer(&self, key: Key) -> io::Result<()> {
        found(self.with_timers(|timers| timers.deregister(key))?)
    }

    fn set_timer(&self, key: Key, expiry: Option<Expiry>) -> io::Result<()> {
        found(self.with_timers(|timers| timers.set(key, expiry))?)
    }

    fn take_expirations(&self, key: Key) -> io::Result<u64> {
        let taken = self.with_timers(|timers| timers.take_expirations(key))?;
        taken.ok_or_else(not_registered)
    }

    /// Installs the waker's token. `AlreadyExists` while there is a waker.
    fn set_waker(&self, token: Token) -> io::Result<()>;
    fn clear_waker(&self);
    /// Makes the current `select`, or else the next, return the waker's event.
    fn wake(&self) -> io::Result<()>;

    /// One more, or one less, handle that another thread may hold.
    fn retain(&self);
    fn release(&self);
}

/// What the table says of a key, as a result.
pub(crate) fn found(found: bool) -> io::Result<()> {
    if found { Ok(()) } else { Err(not_registered()) }
}
