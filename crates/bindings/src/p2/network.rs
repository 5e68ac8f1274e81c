//! `wasi:sockets/network` and `wasi:sockets/instance-network`, and what TCP and UDP share.

use core::mem::offset_of;
use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use super::abi::{HostResult, resource, result};

super::described!();

resource!(
    /// `wasi:sockets/network.network`.
    Network, "[resource-drop]network" in "wasi:sockets/network@0.2.12"
);

#[link(wasm_import_module = "wasi:sockets/instance-network@0.2.12")]
unsafe extern "C" {
    #[link_name = "instance-network"]
    safe fn wasi_instance_network() -> Network;
}

/// The network that the host has given the program.
pub fn instance_network() -> Network {
    wasi_instance_network()
}

/// `wasi:sockets/network.error-code`, in the order of the interface.
macro_rules! error_codes {
    ($($code:ident = $name:literal,)*) => {
        #[derive(Copy, Clone, Debug, PartialEq, Eq)]
        pub enum ErrorCode {
            $($code,)*
        }

        impl ErrorCode {
            const ALL: &[Self] = &[$(Self::$code,)*];
            /// The names in the interface.
            pub const NAMES: &[&str; Self::ALL.len()] = &[$($name,)*];
        }
    };
}

error_codes! {
    Unknown = "unknown",
    AccessDenied = "access-denied",
    NotSupported = "not-supported",
    InvalidArgument = "invalid-argument",
    OutOfMemory = "out-of-memory",
    Timeout = "timeout",
    ConcurrencyConflict = "concurrency-conflict",
    NotInProgress = "not-in-progress",
    WouldBlock = "would-block",
    InvalidState = "invalid-state",
    NewSocketLimit = "new-socket-limit",
    AddressNotBindable = "address-not-bindable",
    AddressInUse = "address-in-use",
    RemoteUnreachable = "remote-unreachable",
    ConnectionRefused = "connection-refused",
    ConnectionReset = "connection-reset",
    ConnectionAborted = "connection-aborted",
    DatagramTooLarge = "datagram-too-large",
    NameUnresolvable = "name-unresolvable",
    TemporaryResolverFailure = "temporary-resolver-failure",
    PermanentResolverFailure = "permanent-resolver-failure",
}

impl ErrorCode {
    /// The code with this number in the interface.
    fn from_number(number: u8) -> Self {
        let code = Self::ALL.get(usize::from(number));
        code.copied().unwrap_or(Self::Unknown)
    }
}

/// `result<T, error-code>`.
pub(super) type NetResult<T> = HostResult<T, u8>;

/// Calls an import that returns a [`NetResult`].
///
/// # Safety
/// `import` has one written to the pointer.
pub(super) unsafe fn net_result<T>(import: impl FnOnce(*mut NetResult<T>)) -> Result<T, ErrorCode> {
    // SAFETY: as the caller promises.
    unsafe { result(import) }.map_err(ErrorCode::from_number)
}

/// `wasi:sockets/network.ip-address-family`.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum IpAddressFamily {
    Ipv4,
    Ipv6,
}

/// `wasi:sockets/network.ip-socket-address`.
#[derive(Copy, Clone)]
#[repr(C)]
pub(super) struct Address {
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
pub(super) fn flat(address: SocketAddr) -> [u32; 12] {
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

/// Methods of a resource that return a `result<_, error-code>`. A line is the type of a method in
/// Rust, and its name in the interface.
macro_rules! methods {
    ($resource:ty, in $module:literal {$(
        $visibility:vis fn $method:ident($($argument:ident: $type:ty),*) -> Result<$value:ty>
            = $name:literal;
    )*}) => {
        impl $resource {$(
            $visibility fn $method(
                &self,
                $($argument: $type),*
            ) -> Result<$value, $crate::p2::ErrorCode> {
                use $crate::p2::network::{NetResult, net_result};
                #[link(wasm_import_module = $module)]
                unsafe extern "C" {
                    #[link_name = $name]
                    fn import(
                        handle: u32,
                        $($argument: $type,)*
                        result: *mut NetResult<$value>,
                    );
                }
                // SAFETY: the host writes a result to `result`.
                let import = |result| unsafe { import(self.handle(), $($argument,)* result) };
                // SAFETY: as above.
                unsafe { net_result(import) }
            }
        )*}
    };
}

/// Methods that take the network and an address, and return a `result<_, error-code>`.
macro_rules! address_methods {
    ($resource:ty, in $module:literal {$(
        $visibility:vis fn $method:ident = $name:literal;
    )*}) => {
        impl $resource {$(
            $visibility fn $method(
                &self,
                network: &$crate::p2::Network,
                address: core::net::SocketAddr,
            ) -> Result<(), $crate::p2::ErrorCode> {
                use $crate::p2::network::{NetResult, flat, net_result};
                #[link(wasm_import_module = $module)]
                unsafe extern "C" {
                    #[link_name = $name]
                    fn import(
                        handle: u32,
                        network: u32,
                        a: u32, b: u32, c: u32, d: u32, e: u32, f: u32,
                        g: u32, h: u32, i: u32, j: u32, k: u32, l: u32,
                        result: *mut NetResult<()>,
                    );
                }
                let [a, b, c, d, e, f, g, h, i, j, k, l] = flat(address);
                let (handle, network) = (self.handle(), network.handle());
                let import = |result| {
                    // SAFETY: the host writes a result to `result`.
                    unsafe { import(handle, network, a, b, c, d, e, f, g, h, i, j, k, l, result) }
                };
                // SAFETY: as above.
                unsafe { net_result(import) }
            }
        )*}
    };
}

/// The function that creates a socket.
macro_rules! create_socket {
    ($create:ident -> $resource:ty = $name:literal in $module:literal) => {
        pub fn $create(
            family: $crate::p2::IpAddressFamily,
        ) -> Result<$resource, $crate::p2::ErrorCode> {
            use $crate::p2::network::{NetResult, net_result};
            #[link(wasm_import_module = $module)]
            unsafe extern "C" {
                #[link_name = $name]
                fn import(family: u32, result: *mut NetResult<$resource>);
            }
            // SAFETY: the host writes a result to `result`.
            let import = |result| unsafe { import(family as u32, result) };
            // SAFETY: as above.
            unsafe { net_result(import) }
        }
    };
}

pub(super) use {address_methods, create_socket, methods};

const _: () = {
    assert!(offset_of!(Address, payload) == 4 && size_of::<Address>() == 32);
    assert!(offset_of!(AddressV4, ip) == 2 && size_of::<AddressV4>() == 6);
    assert!(offset_of!(AddressV6, flow_info) == 4 && offset_of!(AddressV6, ip) == 8);
    assert!(offset_of!(AddressV6, scope_id) == 24 && size_of::<AddressV6>() == 28);
    assert!(matches!(NetResult::<()>::LAYOUT, (1, 2)));
    assert!(matches!(NetResult::<u64>::LAYOUT, (8, 16)));
    assert!(matches!(NetResult::<Address>::LAYOUT, (4, 36)));
};
