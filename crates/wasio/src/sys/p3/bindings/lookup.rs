//! `wasi:sockets/ip-name-lookup`.

use std::net::IpAddr;

use wasio_bindings::address::Ip;

use super::call::{Call, Called, Output, call};
use super::list::List;
use super::network::{NetResult, SocketResult, WireError};

super::described!();

#[link(wasm_import_module = "wasi:sockets/ip-name-lookup@0.3.0")]
unsafe extern "C" {
    #[link_name = "[async-lower]resolve-addresses"]
    fn wasi_resolve_addresses(name: *const u8, len: usize, result: *mut LookupResult) -> u32;
}

/// What `resolve-addresses` returns.
#[repr(transparent)]
pub(crate) struct Addresses(List<Ip>);

impl Addresses {
    pub(crate) fn iter(&self) -> impl Iterator<Item = IpAddr> {
        self.0.as_slice().iter().map(|ip| IpAddr::from(*ip))
    }
}

/// `result<addresses, error-code>` of this interface.
#[repr(transparent)]
pub(crate) struct LookupResult(NetResult<Addresses>);

impl Output for LookupResult {
    type Value = SocketResult<Addresses>;

    unsafe fn into_value(self) -> SocketResult<Addresses> {
        // SAFETY: as the caller promises.
        unsafe { self.0.into_result() }.map_err(WireError::of_lookup)
    }
}

/// A look-up.
pub(crate) type Resolve = Call<String, LookupResult>;

/// Starts to look a name up.
pub(crate) fn resolve_addresses(name: String) -> Called<String, LookupResult> {
    let (start, len) = (name.as_ptr(), name.len());
    let import = |_, result| {
        // SAFETY: the host reads `len` bytes at the pointer, which belong to the name wherever that
        // is, and writes the result, as the import's type says.
        unsafe { wasi_resolve_addresses(start, len, result) }
    };
    // SAFETY: as above.
    unsafe { call(name, import) }
}

const _: () = {
    assert!(matches!(NetResult::<Addresses>::LAYOUT, (4, 20)));
};
