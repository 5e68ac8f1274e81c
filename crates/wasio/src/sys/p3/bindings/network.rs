//! What TCP and UDP share of `wasi:sockets/types`: error codes.

use std::mem::{ManuallyDrop, offset_of};

use wasio_bindings::abi::{HostOption, HostResult, result};
use wasio_bindings::address::Address;

use super::call::Output;
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

/// `error-code` of either interface, as the host writes it. It does not know which, and so whether
/// there is a text. So dropping it would leak that: it is converted first.
#[repr(C)]
pub(crate) struct WireError {
    code: u8,
    text: ManuallyDrop<HostOption<List<u8>>>,
}

impl WireError {
    pub(super) fn of_socket(self) -> SocketError {
        self.among(&OF_SOCKETS)
    }

    pub(super) fn of_lookup(self) -> SocketError {
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

/// Of a call of `wasi:sockets/types`.
impl<T> Output for NetResult<T> {
    type Value = SocketResult<T>;

    unsafe fn into_value(self) -> SocketResult<T> {
        // SAFETY: as the caller promises.
        unsafe { self.into_result() }.map_err(WireError::of_socket)
    }
}

/// Calls an import that returns a [`NetResult`].
///
/// # Safety
/// `import` has one written to the pointer.
pub(super) unsafe fn net_result<T>(import: impl FnOnce(*mut NetResult<T>)) -> SocketResult<T> {
    // SAFETY: as the caller promises.
    unsafe { result(import) }.map_err(WireError::of_socket)
}

const _: () = {
    assert!(offset_of!(WireError, text) == 4 && size_of::<WireError>() == 16);
    assert!(matches!(HostOption::<List<u8>>::LAYOUT, (4, 12)));
    assert!(matches!(NetResult::<()>::LAYOUT, (4, 20)));
    assert!(matches!(NetResult::<u64>::LAYOUT, (8, 24)));
    assert!(matches!(NetResult::<Address>::LAYOUT, (4, 36)));
};
