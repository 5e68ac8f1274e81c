//! WASI 0.2: `wasi:io/poll`.
//!
//! A source is two pollables, one for each direction, and the host is handed the array of their
//! handles in place. Descriptors that wasi-libc made are waited for with its `poll`.

mod clock;
mod cost;
mod descriptors;
mod error;
#[cfg(feature = "net")]
pub(crate) mod lookup;
#[cfg(feature = "net")]
pub(crate) mod net;
#[cfg(feature = "net")]
pub(crate) mod options;
#[allow(unsafe_code, reason = "the only door to the host")]
mod raw;
mod selector;
pub(crate) mod source;
pub(crate) mod stdio;
mod stream;
mod target;
mod wait;

pub use self::error::HostError;
pub(crate) use self::selector::Selector;
pub(crate) use self::target::{Record, Target, forget_pollable};
