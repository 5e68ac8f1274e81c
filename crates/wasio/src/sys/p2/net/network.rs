//! The host's network.

use crate::sys::imp::cell::Once;
use wasio_bindings::p2::{Network, instance_network};

/// The network that the host gave the program.
pub(in crate::sys::imp) fn network() -> &'static Network {
    static NETWORK: Once<Network> = Once::new();
    NETWORK.get_or_init(instance_network)
}
