//! The addresses of `wasi:sockets`, which are the same in each version of WASI.

use core::mem::offset_of;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// `ip-address-family`.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum IpAddressFamily {
    Ipv4,
    Ipv6,
}

/// `ip-socket-address`.
#[derive(Copy, Clone)]
#[repr(C)]
pub struct Address {
    is_v6: u8,
    payload: AddressPayload,
}

#[derive(Copy, Clone)]
#[repr(C)]
union AddressPayload {
    v4: AddressV4,
    v6: AddressV6,
}

#[derive(Copy, Clone)]
#[repr(C)]
struct AddressV4 {
    port: u16,
    ip: [u8; 4],
}

#[derive(Copy, Clone)]
#[repr(C)]
struct AddressV6 {
    port: u16,
    flow_info: u32,
    ip: [u16; 8],
    scope_id: u32,
}

impl From<SocketAddr> for Address {
    #[inline]
    fn from(address: SocketAddr) -> Self {
        let payload = match address {
            SocketAddr::V4(address) => AddressPayload {
                v4: AddressV4 {
                    port: address.port(),
                    ip: address.ip().octets(),
                },
            },
            SocketAddr::V6(address) => AddressPayload {
                v6: AddressV6 {
                    port: address.port(),
                    flow_info: address.flowinfo(),
                    ip: address.ip().segments(),
                    scope_id: address.scope_id(),
                },
            },
        };
        Self {
            is_v6: address.is_ipv6().into(),
            payload,
        }
    }
}

impl From<Address> for SocketAddr {
    #[inline]
    fn from(address: Address) -> Self {
        if address.is_v6 == 0 {
            // SAFETY: `from` above and the ABI have written this case.
            let AddressV4 { port, ip } = unsafe { address.payload.v4 };
            SocketAddrV4::new(Ipv4Addr::from(ip), port).into()
        } else {
            // SAFETY: as above.
            let AddressV6 {
                port,
                flow_info,
                ip,
                scope_id,
            } = unsafe { address.payload.v6 };
            SocketAddrV6::new(Ipv6Addr::from(ip), port, flow_info, scope_id).into()
        }
    }
}

/// An address as the arguments of a call.
#[inline]
pub fn flat(address: SocketAddr) -> [u32; 12] {
    match address {
        SocketAddr::V4(address) => {
            let [a, b, c, d] = address.ip().octets().map(u32::from);
            [0, address.port().into(), a, b, c, d, 0, 0, 0, 0, 0, 0]
        }
        SocketAddr::V6(address) => {
            let [a, b, c, d, e, f, g, h] = address.ip().segments().map(u32::from);
            let (port, flow_info) = (address.port().into(), address.flowinfo());
            [
                1,
                port,
                flow_info,
                a,
                b,
                c,
                d,
                e,
                f,
                g,
                h,
                address.scope_id(),
            ]
        }
    }
}

/// `ip-address`.
#[derive(Copy, Clone)]
#[repr(C)]
pub struct Ip {
    is_v6: u8,
    payload: IpPayload,
}

#[derive(Copy, Clone)]
#[repr(C)]
union IpPayload {
    v4: [u8; 4],
    v6: [u16; 8],
}

impl From<Ip> for IpAddr {
    #[inline]
    fn from(ip: Ip) -> Self {
        if ip.is_v6 == 0 {
            // SAFETY: the ABI has written this case.
            unsafe { ip.payload.v4 }.into()
        } else {
            // SAFETY: as above.
            unsafe { ip.payload.v6 }.into()
        }
    }
}

const _: () = {
    assert!(offset_of!(Address, payload) == 4 && size_of::<Address>() == 32);
    assert!(offset_of!(AddressV4, ip) == 2 && size_of::<AddressV4>() == 6);
    assert!(offset_of!(AddressV6, flow_info) == 4 && offset_of!(AddressV6, ip) == 8);
    assert!(offset_of!(AddressV6, scope_id) == 24 && size_of::<AddressV6>() == 28);
    assert!(offset_of!(Ip, payload) == 2 && size_of::<Ip>() == 18);
};
