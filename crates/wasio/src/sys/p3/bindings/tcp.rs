//! `tcp-socket` of `wasi:sockets/types`.

use std::mem::offset_of;
use std::net::SocketAddr;

use wasio_bindings::abi::returned;
use wasio_bindings::address::Address;
use wasio_bindings::{address_methods, create_socket, methods, resource};

use super::call::{Call, Called, call};
use super::future::{FutureResult, RawFuture, ResultFuture};
use super::memory::Lent;
use super::network::{NetResult, SocketError, SocketResult, WireError, net_result};
use super::stream::{BLOCKED, Moved, RawReadEnd, ReadEnd, WriteEnd};
use super::waitable::{Event, STREAM_READ, leave_set};

super::described!();

resource!(
    /// `wasi:sockets/types.tcp-socket`.
    pub(crate) TcpSocket, "[resource-drop]tcp-socket" in "wasi:sockets/types@0.3.0"
);

create_socket!(pub(crate) TcpSocket = "[static]tcp-socket.create" in "wasi:sockets/types@0.3.0");

address_methods!(TcpSocket, in "wasi:sockets/types@0.3.0" {
    pub(crate) fn bind() = "[method]tcp-socket.bind";
});

methods!(TcpSocket, in "wasi:sockets/types@0.3.0" {
    fn connections() -> Result<RawIncoming> = "[method]tcp-socket.listen";
    fn local() -> Result<Address> = "[method]tcp-socket.get-local-address";
    fn remote() -> Result<Address> = "[method]tcp-socket.get-remote-address";
    pub(crate) fn set_listen_backlog_size(size: u64) -> Result<()>
        = "[method]tcp-socket.set-listen-backlog-size";
    pub(crate) fn keep_alive_enabled() -> Result<bool>
        = "[method]tcp-socket.get-keep-alive-enabled";
    pub(crate) fn set_keep_alive_enabled(is_enabled: bool) -> Result<()>
        = "[method]tcp-socket.set-keep-alive-enabled";
    pub(crate) fn keep_alive_idle_time() -> Result<u64>
        = "[method]tcp-socket.get-keep-alive-idle-time";
    pub(crate) fn set_keep_alive_idle_time(time_ns: u64) -> Result<()>
        = "[method]tcp-socket.set-keep-alive-idle-time";
    pub(crate) fn keep_alive_interval() -> Result<u64>
        = "[method]tcp-socket.get-keep-alive-interval";
    pub(crate) fn set_keep_alive_interval(interval_ns: u64) -> Result<()>
        = "[method]tcp-socket.set-keep-alive-interval";
    pub(crate) fn keep_alive_count() -> Result<u32> = "[method]tcp-socket.get-keep-alive-count";
    pub(crate) fn set_keep_alive_count(count: u32) -> Result<()>
        = "[method]tcp-socket.set-keep-alive-count";
    pub(crate) fn hop_limit() -> Result<u8> = "[method]tcp-socket.get-hop-limit";
    pub(crate) fn set_hop_limit(limit: u8) -> Result<()> = "[method]tcp-socket.set-hop-limit";
    pub(crate) fn receive_buffer_size() -> Result<u64>
        = "[method]tcp-socket.get-receive-buffer-size";
    pub(crate) fn set_receive_buffer_size(size: u64) -> Result<()>
        = "[method]tcp-socket.set-receive-buffer-size";
    pub(crate) fn send_buffer_size() -> Result<u64> = "[method]tcp-socket.get-send-buffer-size";
    pub(crate) fn set_send_buffer_size(size: u64) -> Result<()>
        = "[method]tcp-socket.set-send-buffer-size";
});

#[link(wasm_import_module = "wasi:sockets/types@0.3.0")]
unsafe extern "C" {
    #[link_name = "[async-lower][method]tcp-socket.connect"]
    fn wasi_connect(arguments: *const ConnectArguments, result: *mut NetResult<()>) -> u32;
    #[link_name = "[method]tcp-socket.send"]
    safe fn wasi_send(socket: u32, stream: u32) -> RawFuture<NetResult<()>>;
    #[link_name = "[method]tcp-socket.receive"]
    fn wasi_receive(socket: u32, result: *mut Received);
    #[link_name = "[async-lower][future-read-1][method]tcp-socket.receive"]
    fn wasi_future_read(future: u32, result: *mut NetResult<()>) -> u32;
    #[link_name = "[future-cancel-read-1][method]tcp-socket.receive"]
    safe fn wasi_future_cancel_read(future: u32) -> u32;
    #[link_name = "[future-drop-readable-1][method]tcp-socket.receive"]
    safe fn wasi_future_drop_readable(future: u32);
    #[link_name = "[async-lower][stream-read-0][method]tcp-socket.listen"]
    fn wasi_stream_read(stream: u32, start: *mut u32, len: usize) -> u32;
    #[link_name = "[stream-cancel-read-0][method]tcp-socket.listen"]
    safe fn wasi_stream_cancel_read(stream: u32) -> u32;
    #[link_name = "[stream-drop-readable-0][method]tcp-socket.listen"]
    safe fn wasi_stream_drop_readable(stream: u32);
}

/// What `receive` returns.
#[repr(C)]
struct Received {
    stream: RawReadEnd,
    result: RawFuture<NetResult<()>>,
}

impl FutureResult for NetResult<()> {
    type Error = SocketError;

    unsafe fn read(future: u32, result: *mut Self) -> u32 {
        // SAFETY: as the caller promises.
        unsafe { wasi_future_read(future, result) }
    }

    fn cancel_read(future: u32) -> u32 {
        wasi_future_cancel_read(future)
    }

    fn drop_readable(future: u32) {
        wasi_future_drop_readable(future);
    }

    unsafe fn into_error(self) -> Option<SocketError> {
        // SAFETY: as the caller promises.
        unsafe { self.into_result() }
            .err()
            .map(WireError::of_socket)
    }
}

/// The arguments of `connect`, as the ABI has them.
#[derive(Copy, Clone)]
#[repr(C)]
pub(crate) struct ConnectArguments {
    socket: u32,
    address: Address,
}

/// A connect. It must be dropped before its socket: the host fails otherwise.
pub(crate) type Connect = Call<ConnectArguments, NetResult<()>>;

/// The connections of a listener. It owns the memory of the accept that is in flight. Dropping it
/// cancels that.
#[derive(Debug)]
pub(crate) struct Incoming {
    stream: u32,
    slot: Option<Lent<u32>>,
    /// The other end is gone, which a host says once.
    is_over: bool,
}

/// What `listen` returns.
#[repr(transparent)]
struct RawIncoming(u32);

impl TcpSocket {
    pub(crate) fn listen(&self) -> SocketResult<Incoming> {
        let RawIncoming(stream) = self.connections()?;
        Ok(Incoming {
            stream,
            slot: None,
            is_over: false,
        })
    }

    /// Starts to connect.
    pub(crate) fn connect(&self, address: SocketAddr) -> Called<ConnectArguments, NetResult<()>> {
        let arguments = ConnectArguments {
            socket: self.handle(),
            address: address.into(),
        };
        let import = |arguments, result| {
            // SAFETY: the host reads the arguments and writes the result, as the import's type says.
            unsafe { wasi_connect(arguments, result) }
        };
        // SAFETY: as above.
        unsafe { call(arguments, import) }
    }

    /// What the peer sends, and how it ends. Once for each socket.
    pub(crate) fn receive(&self) -> (ReadEnd, ResultFuture<NetResult<()>>) {
        // SAFETY: the host writes both at the pointer.
        let import = |result| unsafe { wasi_receive(self.handle(), result) };
        // SAFETY: as above.
        let received = unsafe { returned(import) };
        (received.stream.into(), received.result.into())
    }

    /// Where to write for the peer. Once for each socket. How it ends is not asked for: a write shows
    /// that it has.
    pub(crate) fn send(&self) -> WriteEnd {
        let (end, readable) = WriteEnd::new_stream();
        drop(ResultFuture::from(wasi_send(self.handle(), readable)));
        end
    }

    pub(crate) fn local_address(&self) -> SocketResult<SocketAddr> {
        self.local().map(SocketAddr::from)
    }

    pub(crate) fn remote_address(&self) -> SocketResult<SocketAddr> {
        self.remote().map(SocketAddr::from)
    }
}

/// What an accept came to: a connection, if there was one.
pub(crate) type Accepted = Option<TcpSocket>;

impl Incoming {
    pub(crate) const fn waitable(&self) -> u32 {
        self.stream
    }

    /// Whether the host listens no more.
    pub(crate) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Starts to accept. Returns what came of it at once: nothing, once it is over.
    ///
    /// # Panics
    /// If an accept is in flight: the host would trap.
    pub(crate) fn start(&mut self) -> Option<Accepted> {
        assert!(self.slot.is_none(), "a second accept in flight");
        if self.is_over {
            // The host would trap.
            return Some(None);
        }
        let slot = Lent::new(0);
        // SAFETY: the host writes one handle at the pointer. If it does so later, the slot is kept
        // until then: only `ended` and `drop` give it up.
        let code = unsafe { wasi_stream_read(self.stream, slot.as_ptr(), 1) };
        if code == BLOCKED {
            self.slot = Some(slot);
            return None;
        }
        Some(self.take_up(slot, code))
    }

    /// What came of the accept in flight, if this is its event.
    pub(crate) fn ended(&mut self, event: Event) -> Option<Accepted> {
        let code = event.code_of(STREAM_READ, self.stream)?;
        let slot = self.slot.take()?;
        Some(self.take_up(slot, code))
    }

    /// Takes what an accept that has ended with `code` has put into its slot. The last one may have a
    /// connection too.
    fn take_up(&mut self, slot: Lent<u32>, code: u32) -> Accepted {
        let moved = Moved::of(code);
        self.is_over |= moved.is_last;
        (moved.count > 0).then(|| TcpSocket {
            handle: slot.take_back(),
        })
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        leave_set(self.stream);
        if let Some(slot) = self.slot.take() {
            let code = wasi_stream_cancel_read(self.stream);
            drop(self.take_up(slot, code));
        }
        wasi_stream_drop_readable(self.stream);
    }
}

const _: () = {
    assert!(offset_of!(Received, result) == 4 && size_of::<Received>() == 8);
    assert!(offset_of!(ConnectArguments, address) == 4 && size_of::<ConnectArguments>() == 36);
};
