//! TCP and UDP of the host's.

pub(crate) mod connecting;
mod connection;
pub(crate) mod datagrams;
pub(crate) mod host_listener;
pub(crate) mod host_stream;
mod network;
mod pending;

pub(super) use self::network::network;
pub(crate) use super::stream::closes_at_once;
