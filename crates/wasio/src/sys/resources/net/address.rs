//! Addresses and their families, which WASI 0.2 and 0.3 have in common.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::errors::static_error;
use crate::sys::imp::IpAddressFamily;

/// In place of the address of a peer that has gone, or that libc must not be asked for. The stream's
/// next operation returns what happened.
pub(crate) const UNKNOWN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// The peers without an address, which have gone already, that one accept passes over: a flood of them
/// must not keep the program in it.
pub(crate) const MOST_GONE: usize = 16;

pub(crate) const fn family(address: &SocketAddr) -> IpAddressFamily {
    match address {
        SocketAddr::V4(_) => IpAddressFamily::Ipv4,
        SocketAddr::V6(_) => IpAddressFamily::Ipv6,
    }
}

/// Whether two addresses are those of one socket, whatever their scope and flow.
pub(crate) fn is_same(one: SocketAddr, other: SocketAddr) -> bool {
    (one.ip(), one.port()) == (other.ip(), other.port())
}

/// The address that an operating system binds to. The host refuses an IPv4 address written as an IPv6
/// one (`::ffff:a.b.c.d`).
pub(crate) fn local(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(mapped) => SocketAddr::from((mapped, address.port())),
        // With its scope.
        IpAddr::V6(_) => address,
    }
}

/// The address that an operating system connects or sends to. As for [`local`], and the host refuses
/// the wildcard, which means this machine.
pub(crate) fn remote(address: SocketAddr) -> SocketAddr {
    let mut address = local(address);
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

/// Refuses a datagram of a socket that has no destination, or two.
pub(crate) fn check_destination(is_connected: bool, target: Option<SocketAddr>) -> io::Result<()> {
    match (is_connected, target) {
        (false, None) => Err(no_destination()),
        (true, Some(_)) => Err(already_connected()),
        _ => Ok(()),
    }
}

/// The address of the peer of a connection, which came by a connect if it is `connected_to` one.
pub(crate) fn of_peer(
    address: io::Result<SocketAddr>,
    connected_to: Option<SocketAddr>,
) -> io::Result<SocketAddr> {
    // A host forgets the address when the peer resets. A program that asks for it to see whether it
    // is connected would wait for that forever.
    address.or_else(|error| connected_to.ok_or(error))
}

// Natively the operating system has these words.

#[cold]
fn no_destination() -> io::Error {
    static_error(
        io::ErrorKind::NotConnected,
        "destination address required: use `send_to`, or `connect` the socket first",
    )
}

#[cold]
fn already_connected() -> io::Error {
    static_error(
        io::ErrorKind::InvalidInput,
        "Socket is connected: use `send`, or another socket",
    )
}
