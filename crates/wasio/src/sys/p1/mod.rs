//! WASI 0.1: `poll_oneoff`.
//!
//! The selector's logic is generic over [`host::Host`], so that it also runs
//! natively, against a scripted host that misbehaves as the real ones do.

mod abi;
mod answer;
mod backend;
mod host;
mod limit;
mod parker;
mod quirks;
#[cfg(target_os = "wasi")]
mod record;
mod recover;
mod selector;
mod verify;
mod wait;
mod waiter;

#[cfg(target_os = "wasi")]
#[cfg(feature = "net")]
pub(crate) mod lookup;
#[cfg(target_os = "wasi")]
#[cfg(feature = "net")]
pub(crate) mod net;
#[cfg(target_os = "wasi")]
#[cfg(feature = "net")]
pub(crate) mod options;
#[cfg(any(feature = "net", test, fuzzing))]
mod preopened;
#[cfg(target_os = "wasi")]
#[allow(unsafe_code, reason = "the only door to the host")]
mod raw;
#[cfg(target_os = "wasi")]
pub(crate) mod stdio;

#[cfg(all(any(test, fuzzing), not(target_os = "wasi")))]
pub(crate) mod tests;

#[cfg(target_os = "wasi")]
pub(crate) use self::record::Record;
#[cfg(target_os = "wasi")]
pub(crate) type Selector = selector::Selector<raw::Wasi>;
