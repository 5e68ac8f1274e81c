//! `wasi:sockets/network` and `wasi:sockets/instance-network`, and what TCP and UDP share.

use crate::abi::{HostResult, result};
use crate::address::Address;
use crate::resource;

super::described!();

resource!(
    /// `wasi:sockets/network.network`.
    pub Network, "[resource-drop]network" in "wasi:sockets/network@0.2.12"
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

pub(super) type SocketResult<T> = Result<T, ErrorCode>;

/// Calls an import that returns a [`NetResult`].
///
/// # Safety
/// `import` has one written to the pointer.
pub(super) unsafe fn net_result<T>(import: impl FnOnce(*mut NetResult<T>)) -> SocketResult<T> {
    // SAFETY: as the caller promises.
    unsafe { result(import) }.map_err(ErrorCode::from_number)
}

const _: () = {
    assert!(matches!(NetResult::<()>::LAYOUT, (1, 2)));
    assert!(matches!(NetResult::<u64>::LAYOUT, (8, 16)));
    assert!(matches!(NetResult::<Address>::LAYOUT, (4, 36)));
};
