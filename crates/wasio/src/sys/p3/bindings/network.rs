//! What TCP and UDP share of `wasi:sockets/types`: error codes and addresses.

use std::mem::{ManuallyDrop, offset_of};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use super::abi::{HostOption, HostResult, result};
use super::list::List;

/// The error codes of `wasi:sockets`: each with its name, and its number in the two interfaces.
macro_rules! error_codes {
    ($($code:ident = $name:literal,)*) => {
        #[derive(Copy, Clone, Debug, PartialEq, Eq)]
        pub(crate) enum ErrorCode {
            $($code,)*
        }

        impl ErrorCode {
            /// The names in the interfaces.
            pub(crate) const NAMES: &[&str; [$($name),*].len()] = &[$($name,)*];
        }
    };
}

error_codes! {
    AccessDenied = "access-denied",
    NotSupported = "not-supported",
    InvalidArgument = "invalid-argument",
    OutOfMemory = "out-of-memory",
    Timeout = "timeout",
    InvalidState = "invalid-state",
    AddressNotBindable = "address-not-bindable",
    AddressInUse = "address-in-use",
    RemoteUnreachable = "remote-unreachable",
    ConnectionRefused = "connection-refused",
    ConnectionBroken = "connection-broken",
    ConnectionReset = "connection-reset",
    ConnectionAborted = "connection-aborted",
    DatagramTooLarge = "datagram-too-large",
    NameUnresolvable = "name-unresolvable",
    TemporaryResolverFailure = "temporary-resolver-failure",
    PermanentResolverFailure = "permanent-resolver-failure",
    Other = "other",
}

/// `wasi:sockets/types.error-code`, in the order of the interface. After the last comes `other`.
const OF_SOCKETS: [ErrorCode; 14] = [
    ErrorCode::AccessDenied,
    ErrorCode::NotSupported,
    ErrorCode::InvalidArgument,
    ErrorCode::OutOfMemory,
    ErrorCode::Timeout,
    ErrorCode::InvalidState,
    ErrorCode::AddressNotBindable,
    ErrorCode::AddressInUse,
    ErrorCode::RemoteUnreachable,
    ErrorCode::ConnectionRefused,
    ErrorCode::ConnectionBroken,
    ErrorCode::ConnectionReset,
    ErrorCode::ConnectionAborted,
    ErrorCode::DatagramTooLarge,
];

/// `wasi:sockets/ip-name-lookup.error-code`, as above.
const OF_LOOKUPS: [ErrorCode; 5] = [
    ErrorCode::AccessDenied,
    ErrorCode::InvalidArgument,
    ErrorCode::NameUnresolvable,
    ErrorCode::TemporaryResolverFailure,
    ErrorCode::PermanentResolverFailure,
];

/// An error of the host: its code, and a text if the code is `other` and the host gives one.
#[derive(Clone, Debug)]
pub(crate) struct SocketError {
    pub(crate) code: ErrorCode,
    pub(crate) text: Option<String>,
}

/// `error-code` of either interface, as the host writes it.
#[repr(C)]
pub(crate) struct WireError {
    code: u8,
    text: ManuallyDrop<HostOption<List<u8>>>,
}

impl WireError {
    pub(crate) fn of_socket(self) -> SocketError {
        self.among(&OF_SOCKETS)
    }

    pub(crate) fn of_lookup(self) -> SocketError {
        self.among(&OF_LOOKUPS)
    }

    #[cold]
    fn among(self, codes: &[ErrorCode]) -> SocketError {
        match codes.get(usize::from(self.code)) {
            Some(code) => SocketError {
                code: *code,
                text: None,
            },
            // The last case, which alone has a text.
            None => SocketError {
                code: ErrorCode::Other,
                text: ManuallyDrop::into_inner(self.text)
                    .into_option()
                    .map(|text| text.to_text()),
            },
        }
    }
}

/// `result<T, error-code>`.
pub(crate) type NetResult<T> = HostResult<T, WireError>;

pub(crate) type SocketResult<T> = Result<T, SocketError>;

/// Calls an import that returns a [`NetResult`].
///
/// # Safety
/// `import` has one written to the pointer.
pub(super) unsafe fn net_result<T>(import: impl FnOnce(*mut NetResult<T>)) -> SocketResult<T> {
    // SAFETY: as the caller promises.
    unsafe { result(import) }.map_err(WireError::of_socket)
}

/// `wasi:sockets/types.ip-address-family`.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum IpAddressFamily {
    Ipv4,
    Ipv6,
}

/// `wasi:sockets/types.ip-socket-address`.
#[derive(Copy, Clone)]
#[repr(C)]
pub(crate) struct Address {
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
            ) -> $crate::sys::imp::bindings::SocketResult<$value> {
                use $crate::sys::imp::bindings::network::{NetResult, net_result};
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

/// Methods that take an address, and return a `result<_, error-code>`.
macro_rules! address_methods {
    ($resource:ty, in $module:literal {$(
        $visibility:vis fn $method:ident = $name:literal;
    )*}) => {
        impl $resource {$(
            $visibility fn $method(
                &self,
                address: std::net::SocketAddr,
            ) -> $crate::sys::imp::bindings::SocketResult<()> {
                use $crate::sys::imp::bindings::network::{NetResult, flat, net_result};
                #[link(wasm_import_module = $module)]
                unsafe extern "C" {
                    #[link_name = $name]
                    fn import(
                        handle: u32,
                        a: u32, b: u32, c: u32, d: u32, e: u32, f: u32,
                        g: u32, h: u32, i: u32, j: u32, k: u32, l: u32,
                        result: *mut NetResult<()>,
                    );
                }
                let [a, b, c, d, e, f, g, h, i, j, k, l] = flat(address);
                let handle = self.handle();
                let import = |result| {
                    // SAFETY: the host writes a result to `result`.
                    unsafe { import(handle, a, b, c, d, e, f, g, h, i, j, k, l, result) }
                };
                // SAFETY: as above.
                unsafe { net_result(import) }
            }
        )*}
    };
}

/// The function that creates a socket.
macro_rules! create_socket {
    ($resource:ty = $name:literal in $module:literal) => {
        impl $resource {
            pub(crate) fn create(
                family: $crate::sys::imp::bindings::IpAddressFamily,
            ) -> $crate::sys::imp::bindings::SocketResult<Self> {
                use $crate::sys::imp::bindings::network::{NetResult, net_result};
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
        }
    };
}

pub(super) use {address_methods, create_socket, methods};

const _: () = {
    assert!(offset_of!(Address, payload) == 4 && size_of::<Address>() == 32);
    assert!(offset_of!(AddressV4, ip) == 2 && size_of::<AddressV4>() == 6);
    assert!(offset_of!(AddressV6, flow_info) == 4 && offset_of!(AddressV6, ip) == 8);
    assert!(offset_of!(AddressV6, scope_id) == 24 && size_of::<AddressV6>() == 28);
    assert!(offset_of!(WireError, text) == 4 && size_of::<WireError>() == 16);
    assert!(matches!(HostOption::<List<u8>>::LAYOUT, (4, 12)));
    assert!(matches!(NetResult::<()>::LAYOUT, (4, 20)));
    assert!(matches!(NetResult::<u64>::LAYOUT, (8, 24)));
    assert!(matches!(NetResult::<Address>::LAYOUT, (4, 36)));
};
