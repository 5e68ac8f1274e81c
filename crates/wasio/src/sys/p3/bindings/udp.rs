//! `udp-socket` of `wasi:sockets/types`.

use std::mem::offset_of;
use std::net::SocketAddr;

use wasio_bindings::abi::HostOption;
use wasio_bindings::address::Address;
use wasio_bindings::{address_methods, create_socket, methods, resource};

use super::call::{Call, Called, call};
use super::list::List;
use super::network::{NetResult, SocketResult, net_result};

super::described!();

resource!(
    /// `wasi:sockets/types.udp-socket`.
    pub(crate) UdpSocket, "[resource-drop]udp-socket" in "wasi:sockets/types@0.3.0"
);

create_socket!(pub(crate) UdpSocket = "[static]udp-socket.create" in "wasi:sockets/types@0.3.0");

address_methods!(UdpSocket, in "wasi:sockets/types@0.3.0" {
    pub(crate) fn bind() = "[method]udp-socket.bind";
    pub(crate) fn connect() = "[method]udp-socket.connect";
});

methods!(UdpSocket, in "wasi:sockets/types@0.3.0" {
    fn local() -> Result<Address> = "[method]udp-socket.get-local-address";
    fn remote() -> Result<Address> = "[method]udp-socket.get-remote-address";
    pub(crate) fn unicast_hop_limit() -> Result<u8> = "[method]udp-socket.get-unicast-hop-limit";
    pub(crate) fn set_unicast_hop_limit(limit: u8) -> Result<()>
        = "[method]udp-socket.set-unicast-hop-limit";
    pub(crate) fn receive_buffer_size() -> Result<u64>
        = "[method]udp-socket.get-receive-buffer-size";
    pub(crate) fn set_receive_buffer_size(size: u64) -> Result<()>
        = "[method]udp-socket.set-receive-buffer-size";
    pub(crate) fn send_buffer_size() -> Result<u64> = "[method]udp-socket.get-send-buffer-size";
    pub(crate) fn set_send_buffer_size(size: u64) -> Result<()>
        = "[method]udp-socket.set-send-buffer-size";
});

#[link(wasm_import_module = "wasi:sockets/types@0.3.0")]
unsafe extern "C" {
    #[link_name = "[async-lower][method]udp-socket.receive"]
    fn wasi_receive(socket: u32, result: *mut NetResult<Datagram>) -> u32;
    #[link_name = "[async-lower][method]udp-socket.send"]
    fn wasi_send(arguments: *const WireSend, result: *mut NetResult<()>) -> u32;
}

/// What `receive` returns.
#[repr(C)]
pub(crate) struct Datagram {
    bytes: List<u8>,
    sender: Address,
}

impl Datagram {
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    pub(crate) fn sender(&self) -> SocketAddr {
        self.sender.into()
    }
}

/// The arguments of `send`, as the ABI has them.
#[repr(C)]
struct WireSend {
    socket: u32,
    start: usize,
    len: usize,
    remote: HostOption<Address>,
}

/// The same, and the bytes that they name.
#[repr(C)]
pub(crate) struct SendArguments {
    wire: WireSend,
    bytes: Vec<u8>,
}

/// A receive. It must be dropped before its socket, as must a send: the host fails otherwise.
pub(crate) type Receive = Call<(), NetResult<Datagram>>;
pub(crate) type Send = Call<SendArguments, NetResult<()>>;

impl UdpSocket {
    /// Starts to receive one datagram.
    pub(crate) fn receive(&self) -> Called<(), NetResult<Datagram>> {
        // SAFETY: the host writes the result, as the import's type says.
        let import = |_, result| unsafe { wasi_receive(self.handle(), result) };
        // SAFETY: as above.
        unsafe { call((), import) }
    }

    /// Starts to send a datagram.
    pub(crate) fn send(
        &self,
        bytes: Vec<u8>,
        remote: Option<SocketAddr>,
    ) -> Called<SendArguments, NetResult<()>> {
        let wire = WireSend {
            socket: self.handle(),
            start: bytes.as_ptr().expose_provenance(),
            len: bytes.len(),
            remote: HostOption::new(remote.map(Address::from)),
        };
        let arguments = SendArguments { wire, bytes };
        let import = |arguments: *const SendArguments, result| {
            // SAFETY: the host reads the arguments, which come first, and the bytes, and writes the
            // result, as the import's type says.
            unsafe { wasi_send(arguments.cast(), result) }
        };
        // SAFETY: as above.
        unsafe { call(arguments, import) }
    }

    pub(crate) fn local_address(&self) -> SocketResult<SocketAddr> {
        self.local().map(SocketAddr::from)
    }

    pub(crate) fn remote_address(&self) -> SocketResult<SocketAddr> {
        self.remote().map(SocketAddr::from)
    }
}

const _: () = {
    assert!(offset_of!(SendArguments, wire) == 0 && size_of::<WireSend>() == 48);
    assert!(offset_of!(WireSend, remote) == 12);
    assert!(matches!(HostOption::<Address>::LAYOUT, (4, 36)));
    assert!(offset_of!(Datagram, sender) == 8 && size_of::<Datagram>() == 40);
    assert!(matches!(NetResult::<Datagram>::LAYOUT, (4, 44)));
};
