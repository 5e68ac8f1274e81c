//! Addresses and their families, which WASI 0.2 and 0.3 have in common.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::errors::static_error;
use crate::sys::imp::IpAddressFamily;

/// In place of the address of a peer that has gone, or that libc must not be asked for. The stream's
/// next operation returns what happened.
pub(super) const UNKNOWN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

pub(super) const fn family(address: &SocketAddr) -> IpAddressFamily {
    match address {
        SocketAddr::V4(_) => IpAddressFamily::Ipv4,
        SocketAddr::V6(_) => IpAddressFamily::Ipv6,
    }
}

/// The address that an operating system connects or sends to. The host refuses two kinds: an IPv4
/// address written as an IPv6 one (`::ffff:a.b.c.d`), and the wildcard, which means this machine.
pub(super) fn remote(mut address: SocketAddr) -> SocketAddr {
    if let IpAddr::V4(mapped) = address.ip().to_canonical() {
        // Any other IPv6 address keeps its scope.
        address = SocketAddr::from((mapped, address.port()));
    }
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

// Natively the operating system has these words.

/// Of a datagram without an address, of a socket that is not connected.
#[cold]
pub(super) fn no_destination() -> io::Error {
    static_error(
        io::ErrorKind::NotConnected,
        "destination address required: use `send_to`, or `connect` the socket first",
    )
}

/// Of a datagram with an address, of a socket that is connected.
#[cold]
pub(super) fn already_connected() -> io::Error {
    static_error(
        io::ErrorKind::InvalidInput,
        "Socket is connected: use `send`, or another socket",
    )
}
