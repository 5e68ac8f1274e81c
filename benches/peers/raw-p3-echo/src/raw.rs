//! The host's functions, the description of them, and the entry point.

use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::ops::Range;

#[link(wasm_import_module = "$root")]
unsafe extern "C" {
    #[link_name = "[waitable-set-new]"]
    safe fn set_new() -> u32;
    #[link_name = "[waitable-join]"]
    safe fn waitable_join(waitable: u32, set: u32);
    #[link_name = "[waitable-set-wait]"]
    fn set_wait(set: u32, event: *mut [u32; 2]) -> u32;
}

#[link(wasm_import_module = "wasi:sockets/types@0.3.0")]
unsafe extern "C" {
    #[link_name = "[static]tcp-socket.create"]
    fn socket_create(family: u32, result: *mut Returned);
    #[link_name = "[method]tcp-socket.bind"]
    fn socket_bind(
        socket: u32,
        family: u32,
        port: u32,
        a: u32,
        b: u32,
        c: u32,
        d: u32,
        _: u32,
        _: u32,
        _: u32,
        _: u32,
        _: u32,
        _: u32,
        result: *mut Returned,
    );
    #[link_name = "[method]tcp-socket.set-listen-backlog-size"]
    fn socket_set_backlog(socket: u32, size: u64, result: *mut Returned);
    #[link_name = "[method]tcp-socket.listen"]
    fn socket_listen(socket: u32, result: *mut Returned);
    #[link_name = "[method]tcp-socket.get-local-address"]
    fn socket_local_address(socket: u32, result: *mut Returned);
    #[link_name = "[method]tcp-socket.send"]
    safe fn socket_send(socket: u32, stream: u32) -> u32;
    #[link_name = "[method]tcp-socket.receive"]
    fn socket_receive(socket: u32, result: *mut [u32; 2]);
    #[link_name = "[resource-drop]tcp-socket"]
    safe fn socket_drop(socket: u32);
    #[link_name = "[async-lower][stream-read-0][method]tcp-socket.listen"]
    fn incoming_read(stream: u32, start: *mut u32, len: usize) -> u32;
    #[link_name = "[stream-new-0][method]tcp-socket.send"]
    safe fn stream_new() -> u64;
    #[link_name = "[async-lower][stream-write-0][method]tcp-socket.send"]
    fn stream_write(stream: u32, start: *const u8, len: usize) -> u32;
    #[link_name = "[stream-drop-writable-0][method]tcp-socket.send"]
    safe fn stream_drop_writable(stream: u32);
    #[link_name = "[future-drop-readable-1][method]tcp-socket.send"]
    safe fn sent_drop(future: u32);
    #[link_name = "[async-lower][stream-read-0][method]tcp-socket.receive"]
    fn stream_read(stream: u32, start: *mut u8, len: usize) -> u32;
    #[link_name = "[stream-drop-readable-0][method]tcp-socket.receive"]
    safe fn stream_drop_readable(stream: u32);
    #[link_name = "[future-drop-readable-1][method]tcp-socket.receive"]
    safe fn received_drop(future: u32);
}

/// What the linker needs to know of these functions.
#[used]
#[unsafe(link_section = "component-type:raw-p3-echo")]
static COMPONENT_TYPE: [u8; include_bytes!(
    "../../../../crates/wasio/wit/wasi-0.3.component-type"
)
.len()] = *include_bytes!("../../../../crates/wasio/wit/wasi-0.3.component-type");

unsafe extern "C" {
    safe fn __wasm_call_ctors();
}

/// The entry point of WASI 0.3, where a wait may block.
#[unsafe(export_name = "wasi:cli/run@0.3.0#run")]
extern "C" fn run() -> i32 {
    __wasm_call_ctors();
    crate::serve();
    0
}

/// Memory for the largest of the results: a tag, padding up to four bytes, and a value.
type Returned = MaybeUninit<[u32; 16]>;

/// The operation is in flight.
const BLOCKED: u32 = u32::MAX;
/// The other end is gone.
const DROPPED: u32 = 1;

/// How an operation of a stream has ended.
#[derive(Clone, Copy)]
pub(crate) struct Moved {
    pub(crate) count: usize,
    pub(crate) is_last: bool,
}

impl Moved {
    fn of(status: u32) -> Self {
        Self {
            count: (status >> 4) as usize,
            is_last: status & 15 == DROPPED,
        }
    }
}

fn unless_blocked(status: u32) -> Option<Moved> {
    (status != BLOCKED).then(|| Moved::of(status))
}

/// What is waited for.
pub(crate) struct Set(u32);

impl Set {
    pub(crate) fn new() -> Self {
        Self(set_new())
    }

    /// Waits until an operation has ended: the number of its stream, and how.
    pub(crate) fn wait(&self) -> (usize, Moved) {
        let mut event = [0; 2];
        // SAFETY: the host writes two numbers at the pointer.
        unsafe { set_wait(self.0, &raw mut event) };
        (event[0] as usize, Moved::of(event[1]))
    }
}

/// Calls a method that returns a `result`. The value is at most 15 numbers.
///
/// # Safety
/// `import` has the host write a `result` of at most 64 bytes, aligned to at most four, to the
/// pointer.
unsafe fn call(
    name: &'static str,
    import: impl FnOnce(*mut Returned),
) -> Result<[u32; 15], &'static str> {
    let mut returned = Returned::new([0; 16]);
    import(&raw mut returned);
    // SAFETY: all of it is initialized, by the line above or by the host.
    let [tag, value @ ..] = unsafe { returned.assume_init() };
    if tag & 0xff == 0 {
        Ok(value)
    } else {
        Err(name)
    }
}

/// A listener, with an accept in flight or about to be.
pub(crate) struct Listener {
    socket: u32,
    stream: u32,
    /// Where the host puts a connection.
    slot: Box<u32>,
}

impl Listener {
    pub(crate) fn bind(address: SocketAddr, set: &Set) -> Result<Self, &'static str> {
        let SocketAddr::V4(address) = address else {
            return Err("an address of IPv6: bind");
        };
        let [a, b, c, d] = address.ip().octets().map(u32::from);
        let port = address.port().into();
        // SAFETY: a handle or an error code is what the host writes.
        let create = |result| unsafe { socket_create(0, result) };
        // SAFETY: as above.
        let [socket, ..] = unsafe { call("create", create) }?;
        let bind = |result| {
            // SAFETY: nothing or an error code is what the host writes.
            unsafe { socket_bind(socket, 0, port, a, b, c, d, 0, 0, 0, 0, 0, 0, result) }
        };
        // SAFETY: as above.
        unsafe { call("bind", bind) }?;
        // SAFETY: as above.
        let set_backlog = |result| unsafe { socket_set_backlog(socket, 4096, result) };
        // SAFETY: as above.
        unsafe { call("set-backlog", set_backlog) }?;
        // SAFETY: a handle or an error code is what the host writes.
        let listen = |result| unsafe { socket_listen(socket, result) };
        // SAFETY: as above.
        let [stream, ..] = unsafe { call("listen", listen) }?;
        waitable_join(stream, set.0);
        Ok(Self {
            socket,
            stream,
            slot: Box::new(0),
        })
    }

    pub(crate) fn local_address(&self) -> Result<SocketAddr, &'static str> {
        let local = |result| {
            // SAFETY: an address is the tag of its family and at most 28 bytes.
            unsafe { socket_local_address(self.socket, result) }
        };
        // SAFETY: as above.
        let value = unsafe { call("local-address", local) }?;
        let bytes = value.map(u32::to_le_bytes);
        // The tag, then the port and the four parts of the address.
        let port = u16::from_le_bytes([bytes[1][0], bytes[1][1]]);
        let ip = Ipv4Addr::new(bytes[1][2], bytes[1][3], bytes[2][0], bytes[2][1]);
        Ok(SocketAddrV4::new(ip, port).into())
    }

    pub(crate) fn waitable(&self) -> usize {
        self.stream as usize
    }

    /// Starts an accept. `None` is in flight.
    pub(crate) fn accept(&mut self) -> Option<Moved> {
        // SAFETY: the slot lives as long as the program: a listener is never dropped.
        unless_blocked(unsafe { incoming_read(self.stream, &raw mut *self.slot, 1) })
    }

    /// The connection of an accept that has ended.
    pub(crate) fn accepted(&self, moved: Moved, set: &Set) -> Option<Connection> {
        (moved.count > 0).then(|| Connection::new(*self.slot, set))
    }
}

/// A connection, and the memory that its operations use.
pub(crate) struct Connection {
    socket: u32,
    reader: u32,
    writer: u32,
    buffer: Vec<u8>,
    is_busy: bool,
}

const FIRST_BUFFER_BYTES: usize = 4 * 1024;

impl Connection {
    fn new(socket: u32, set: &Set) -> Self {
        let mut received = [0; 2];
        // SAFETY: the host writes two handles at the pointer.
        unsafe { socket_receive(socket, &raw mut received) };
        let [reader, result] = received;
        received_drop(result);
        let ends = stream_new().to_le_bytes();
        let [a, b, c, d, writer @ ..] = ends;
        sent_drop(socket_send(socket, u32::from_le_bytes([a, b, c, d])));
        let writer = u32::from_le_bytes(writer);
        waitable_join(reader, set.0);
        waitable_join(writer, set.0);
        Self {
            socket,
            reader,
            writer,
            buffer: vec![0; FIRST_BUFFER_BYTES],
            is_busy: false,
        }
    }

    pub(crate) fn reader(&self) -> usize {
        self.reader as usize
    }

    pub(crate) fn writer(&self) -> usize {
        self.writer as usize
    }

    pub(crate) fn buffer_len(&self) -> usize {
        self.buffer.len()
    }

    /// Doubles the buffer, up to `most` bytes.
    pub(crate) fn grow(&mut self, most: usize) {
        assert!(!self.is_busy, "the host uses it");
        self.buffer.resize(most.min(2 * self.buffer.len()), 0);
    }

    /// Starts a read into the buffer. `None` is in flight.
    pub(crate) fn read(&mut self) -> Option<Moved> {
        assert!(!self.is_busy, "a second operation in flight");
        let (start, len) = (self.buffer.as_mut_ptr(), self.buffer.len());
        // SAFETY: the buffer is neither moved, written nor dropped before the read has ended: all
        // that could do so checks `is_busy`.
        let moved = unless_blocked(unsafe { stream_read(self.reader, start, len) });
        self.is_busy = moved.is_none();
        moved
    }

    /// Starts a write of a part of the buffer. `None` is in flight.
    pub(crate) fn write(&mut self, part: Range<usize>) -> Option<Moved> {
        assert!(!self.is_busy, "a second operation in flight");
        let part = &self.buffer[part];
        // SAFETY: as above.
        let moved = unless_blocked(unsafe { stream_write(self.writer, part.as_ptr(), part.len()) });
        self.is_busy = moved.is_none();
        moved
    }

    /// The host has said that the operation in flight has ended.
    pub(crate) fn ended(&mut self) {
        self.is_busy = false;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        assert!(!self.is_busy, "the host uses the buffer");
        for end in [self.reader, self.writer] {
            waitable_join(end, 0);
        }
        stream_drop_writable(self.writer);
        stream_drop_readable(self.reader);
        socket_drop(self.socket);
    }
}
