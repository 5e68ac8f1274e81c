//! TCP and UDP of the host's.

pub(crate) mod datagrams;
pub(crate) mod host_listener;
pub(crate) mod host_stream;
