//! `wasi:sockets/udp` and `wasi:sockets/udp-create-socket`.

use alloc::vec::Vec;
use core::mem::offset_of;
use core::net::SocketAddr;

use wasio_realloc::{List, owned};

use super::io::subscribe;
use super::network::{NetResult, Network, SocketResult, net_result};
use crate::abi::HostOption;
use crate::address::{Address, IpAddressFamily, flat};
use crate::{address_methods, create_socket, methods, resource};

super::described!();

resource!(
    /// `wasi:sockets/udp.udp-socket`.
    pub UdpSocket, "[resource-drop]udp-socket" in "wasi:sockets/udp@0.2.12"
);

resource!(
    /// `wasi:sockets/udp.incoming-datagram-stream`.
    pub IncomingDatagramStream, "[resource-drop]incoming-datagram-stream" in "wasi:sockets/udp@0.2.12"
);

resource!(
    /// `wasi:sockets/udp.outgoing-datagram-stream`.
    pub OutgoingDatagramStream, "[resource-drop]outgoing-datagram-stream" in "wasi:sockets/udp@0.2.12"
);

create_socket!(
    pub UdpSocket = "create-udp-socket" in "wasi:sockets/udp-create-socket@0.2.12"
);

subscribe!(UdpSocket, "[method]udp-socket.subscribe" in "wasi:sockets/udp@0.2.12");
subscribe!(
    IncomingDatagramStream, "[method]incoming-datagram-stream.subscribe"
        in "wasi:sockets/udp@0.2.12"
);
subscribe!(
    OutgoingDatagramStream, "[method]outgoing-datagram-stream.subscribe"
        in "wasi:sockets/udp@0.2.12"
);

address_methods!(UdpSocket, in "wasi:sockets/udp@0.2.12" {
    pub fn start_bind(network: &Network) = "[method]udp-socket.start-bind";
});

methods!(UdpSocket, in "wasi:sockets/udp@0.2.12" {
    pub fn finish_bind() -> Result<()> = "[method]udp-socket.finish-bind";
    fn local() -> Result<Address> = "[method]udp-socket.local-address";
    fn remote() -> Result<Address> = "[method]udp-socket.remote-address";
    pub fn unicast_hop_limit() -> Result<u8> = "[method]udp-socket.unicast-hop-limit";
    pub fn set_unicast_hop_limit(limit: u8) -> Result<()>
        = "[method]udp-socket.set-unicast-hop-limit";
    pub fn receive_buffer_size() -> Result<u64> = "[method]udp-socket.receive-buffer-size";
    pub fn set_receive_buffer_size(size: u64) -> Result<()>
        = "[method]udp-socket.set-receive-buffer-size";
    pub fn send_buffer_size() -> Result<u64> = "[method]udp-socket.send-buffer-size";
    pub fn set_send_buffer_size(size: u64) -> Result<()>
        = "[method]udp-socket.set-send-buffer-size";
});

methods!(OutgoingDatagramStream, in "wasi:sockets/udp@0.2.12" {
    pub fn check_send() -> Result<u64> = "[method]outgoing-datagram-stream.check-send";
});

#[link(wasm_import_module = "wasi:sockets/udp@0.2.12")]
unsafe extern "C" {
    #[link_name = "[method]udp-socket.address-family"]
    safe fn wasi_address_family(socket: u32) -> u32;
    #[link_name = "[method]udp-socket.stream"]
    fn wasi_stream(
        socket: u32,
        has_remote: u32,
        a: u32,
        b: u32,
        c: u32,
        d: u32,
        e: u32,
        f: u32,
        g: u32,
        h: u32,
        i: u32,
        j: u32,
        k: u32,
        l: u32,
        result: *mut NetResult<Streams>,
    );
    #[link_name = "[method]incoming-datagram-stream.receive"]
    fn wasi_receive(stream: u32, max: u64, result: *mut NetResult<List<Incoming>>);
    #[link_name = "[method]outgoing-datagram-stream.send"]
    fn wasi_send(stream: u32, datagrams: *const Outgoing, len: usize, result: *mut NetResult<u64>);
}

/// What `stream` returns.
#[repr(C)]
struct Streams {
    incoming: IncomingDatagramStream,
    outgoing: OutgoingDatagramStream,
}

/// `wasi:sockets/udp.incoming-datagram`.
#[repr(C)]
struct Incoming {
    data: List<u8>,
    from: Address,
}

/// `wasi:sockets/udp.outgoing-datagram`.
#[repr(C)]
struct Outgoing {
    start: *const u8,
    len: usize,
    to: HostOption<Address>,
}

impl UdpSocket {
    pub fn local_address(&self) -> SocketResult<SocketAddr> {
        self.local().map(SocketAddr::from)
    }

    pub fn remote_address(&self) -> SocketResult<SocketAddr> {
        self.remote().map(SocketAddr::from)
    }

    pub fn address_family(&self) -> IpAddressFamily {
        match wasi_address_family(self.handle()) {
            0 => IpAddressFamily::Ipv4,
            _ => IpAddressFamily::Ipv6,
        }
    }

    /// Streams of datagrams from and to anybody, or `remote` alone.
    pub fn stream(
        &self,
        remote: Option<SocketAddr>,
    ) -> SocketResult<(IncomingDatagramStream, OutgoingDatagramStream)> {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = remote.map_or([0; 12], flat);
        let (handle, has_remote) = (self.handle(), remote.is_some().into());
        let import = |result| {
            // SAFETY: the host writes a result to `result`.
            unsafe {
                wasi_stream(
                    handle, has_remote, a, b, c, d, e, f, g, h, i, j, k, l, result,
                )
            }
        };
        // SAFETY: as above.
        let Streams { incoming, outgoing } = unsafe { net_result(import) }?;
        Ok((incoming, outgoing))
    }
}

impl IncomingDatagramStream {
    /// The next datagram and who sent it, if there is one.
    pub fn receive_one(&self) -> SocketResult<Option<(Vec<u8>, SocketAddr)>> {
        // SAFETY: the host writes a result to `result`.
        let import = |result| unsafe { wasi_receive(self.handle(), 1, result) };
        // SAFETY: as above.
        let call = || unsafe { net_result(import) };
        // SAFETY: `call` makes this one call.
        let list = unsafe { owned(call) }?;
        // SAFETY: it has just been returned.
        let mut datagrams = unsafe { list.into_vec() };
        let Some(Incoming { data, from }) = datagrams.pop() else {
            return Ok(None);
        };
        // SAFETY: as above.
        let bytes = unsafe { data.into_vec() };
        Ok(Some((bytes, from.into())))
    }
}

impl OutgoingDatagramStream {
    /// Sends a datagram, which [`check_send`](Self::check_send) must have permitted: the host traps
    /// otherwise. Returns whether the host has taken it. `to` is `None` where the stream has a
    /// remote.
    pub fn send_one(&self, bytes: &[u8], to: Option<SocketAddr>) -> SocketResult<bool> {
        let datagram = Outgoing {
            start: bytes.as_ptr(),
            len: bytes.len(),
            to: HostOption::new(to.map(Address::from)),
        };
        // SAFETY: the host reads one datagram at the pointer, and writes a result to `result`.
        let import = |result| unsafe { wasi_send(self.handle(), &raw const datagram, 1, result) };
        // SAFETY: as above.
        let sent = unsafe { net_result(import) }?;
        Ok(sent > 0)
    }
}

const _: () = {
    assert!(offset_of!(Streams, outgoing) == 4);
    assert!(offset_of!(Incoming, from) == 8 && size_of::<Incoming>() == 40);
    assert!(offset_of!(Outgoing, len) == 4 && offset_of!(Outgoing, to) == 8);
    assert!(matches!(HostOption::<Address>::LAYOUT, (4, 36)));
    assert!(size_of::<Outgoing>() == 44);
};
