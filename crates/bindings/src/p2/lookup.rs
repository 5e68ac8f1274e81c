//! `wasi:sockets/ip-name-lookup`.

use core::mem::offset_of;
use core::net::IpAddr;

use super::abi::{HostOption, resource, subscribe};
use super::network::{ErrorCode, NetResult, Network, methods, net_result};

super::described!();

resource!(
    /// `wasi:sockets/ip-name-lookup.resolve-address-stream`.
    ResolveAddressStream, "[resource-drop]resolve-address-stream"
        in "wasi:sockets/ip-name-lookup@0.2.12"
);

subscribe!(
    ResolveAddressStream, "[method]resolve-address-stream.subscribe"
        in "wasi:sockets/ip-name-lookup@0.2.12"
);

methods!(ResolveAddressStream, in "wasi:sockets/ip-name-lookup@0.2.12" {
    fn next() -> Result<HostOption<Ip>> = "[method]resolve-address-stream.resolve-next-address";
});

#[link(wasm_import_module = "wasi:sockets/ip-name-lookup@0.2.12")]
unsafe extern "C" {
    #[link_name = "resolve-addresses"]
    fn wasi_resolve_addresses(
        network: u32,
        name: *const u8,
        len: usize,
        result: *mut NetResult<ResolveAddressStream>,
    );
}

/// `wasi:sockets/network.ip-address`.
#[repr(C)]
struct Ip {
    is_v6: u8,
    payload: IpPayload,
}

#[repr(C)]
union IpPayload {
    v4: [u8; 4],
    v6: [u16; 8],
}

impl From<Ip> for IpAddr {
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

pub fn resolve_addresses(network: &Network, name: &str) -> Result<ResolveAddressStream, ErrorCode> {
    let import = |result| {
        // SAFETY: the host reads `len` bytes at the pointer, and writes a result to `result`.
        unsafe { wasi_resolve_addresses(network.handle(), name.as_ptr(), name.len(), result) }
    };
    // SAFETY: as above.
    unsafe { net_result(import) }
}

impl ResolveAddressStream {
    /// The next address; `None` after the last.
    pub fn resolve_next_address(&self) -> Result<Option<IpAddr>, ErrorCode> {
        Ok(self.next()?.into_option().map(IpAddr::from))
    }
}

const _: () = {
    assert!(offset_of!(Ip, payload) == 2 && size_of::<Ip>() == 18);
    assert!(matches!(HostOption::<Ip>::LAYOUT, (2, 20)));
    assert!(matches!(NetResult::<HostOption<Ip>>::LAYOUT, (2, 22)));
};
