//! `wasi:sockets/ip-name-lookup`.

use std::net::IpAddr;

use wasio_bindings::address::Ip;

use super::call::{Call, Called, call};
use super::list::List;
use super::network::NetResult;

super::described!();

#[link(wasm_import_module = "wasi:sockets/ip-name-lookup@0.3.0")]
unsafe extern "C" {
    #[link_name = "[async-lower]resolve-addresses"]
    fn wasi_resolve_addresses(
        name: *const u8,
        len: usize,
        result: *mut NetResult<Addresses>,
    ) -> u32;
}

/// What `resolve-addresses` returns.
#[repr(transparent)]
pub(crate) struct Addresses(List<Ip>);

impl Addresses {
    pub(crate) fn iter(&self) -> impl Iterator<Item = IpAddr> {
        self.0.as_slice().iter().map(|ip| IpAddr::from(*ip))
    }
}

/// A look-up.
pub(crate) type Resolve = Call<String, NetResult<Addresses>>;

/// Starts to look a name up.
pub(crate) fn resolve_addresses(name: String) -> Called<String, NetResult<Addresses>> {
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
