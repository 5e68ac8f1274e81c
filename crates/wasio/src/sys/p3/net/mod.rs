//! TCP and UDP of the host's.

pub(crate) mod datagrams;
pub(crate) mod host_listener;
pub(crate) mod host_stream;

/// Of a socket of libc's, which is one of WASI 0.2, this is not known here.
pub(crate) const fn closes_at_once() -> bool {
    false
}
