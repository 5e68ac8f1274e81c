//! `wasi:sockets/ip-name-lookup`.

use core::net::IpAddr;

use super::io::subscribe;
use super::network::{NetResult, Network, SocketResult, net_result};
use crate::abi::HostOption;
use crate::address::Ip;
use crate::{methods, resource};

super::described!();

resource!(
    /// `wasi:sockets/ip-name-lookup.resolve-address-stream`.
    pub ResolveAddressStream, "[resource-drop]resolve-address-stream"
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

pub fn resolve_addresses(network: &Network, name: &str) -> SocketResult<ResolveAddressStream> {
    let import = |result| {
        // SAFETY: the host reads `len` bytes at the pointer, and writes a result to `result`.
        unsafe { wasi_resolve_addresses(network.handle(), name.as_ptr(), name.len(), result) }
    };
    // SAFETY: as above.
    unsafe { net_result(import) }
}

impl ResolveAddressStream {
    /// The next address; `None` after the last.
    pub fn resolve_next_address(&self) -> SocketResult<Option<IpAddr>> {
        Ok(self.next()?.into_option().map(IpAddr::from))
    }
}

const _: () = {
    assert!(matches!(HostOption::<Ip>::LAYOUT, (2, 20)));
    assert!(matches!(NetResult::<HostOption<Ip>>::LAYOUT, (2, 22)));
};
