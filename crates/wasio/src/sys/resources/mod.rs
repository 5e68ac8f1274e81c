//! What the backends of WASI 0.2 and 0.3 share: sources and sockets that are resources of the host,
//! those that wasi-libc made, and the host's errors.

pub(super) mod host_error;
#[cfg(feature = "net")]
pub(crate) mod lookup;
#[cfg(feature = "net")]
pub(crate) mod net;
#[cfg(feature = "net")]
pub(crate) mod options;
#[allow(unsafe_code, reason = "the only door to libc")]
pub(super) mod raw;
pub(crate) mod source;
