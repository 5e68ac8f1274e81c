//! A program with a `#[global_allocator]` of its own, which ends it when it is given memory of
//! another allocator: datagrams, addresses of names, bytes and the words of errors are all freed by
//! the allocator that made them.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{ErrorKind, Read, Write};
use std::net::IpAddr;
use std::{process, ptr};

use wasio::Interest;
use wasio::net::{TcpListener, TcpStream, UdpSocket, lookup};
use wasio_guests::driver::{Driver, accept, hear, local, say};

/// The system's allocator, with a mark before each block.
struct Marking;

const MARK: u64 = 0x6f77_6e20_626c_6f63;

/// The block's layout with room for the mark, and where the block begins in it.
fn marked(layout: Layout) -> (Layout, usize) {
    let mark = Layout::new::<u64>();
    mark.extend(layout).expect("a layout")
}

#[allow(unsafe_code, reason = "an allocator cannot be had without")]
// SAFETY: each block is one of the system's allocator, with room for the mark before it.
unsafe impl GlobalAlloc for Marking {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (with_mark, offset) = marked(layout);
        // SAFETY: it has room for the mark, so it is not empty.
        let start = unsafe { System.alloc(with_mark) };
        if start.is_null() {
            return ptr::null_mut();
        }
        // SAFETY: the block begins so far into the memory, after the mark.
        let block = unsafe { start.add(offset) };
        // SAFETY: the mark lies before the block, and may lie at any address.
        unsafe { block.cast::<u64>().wrapping_sub(1).write_unaligned(MARK) };
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let (with_mark, offset) = marked(layout);
        // SAFETY: memory before a block is another block's or the system's own: it can be read.
        let mark = unsafe { block.cast::<u64>().wrapping_sub(1).read_unaligned() };
        if mark != MARK {
            process::abort();
        }
        // SAFETY: as in `alloc`.
        let start = unsafe { block.sub(offset) };
        // SAFETY: the mark shows that `alloc` made it, by this layout.
        unsafe { System.dealloc(start, with_mark) };
    }
}

#[global_allocator]
static MARKING: Marking = Marking;

fn main() {
    receives_datagrams();
    looks_up_a_name();
    reads_and_writes();
    says_what_failed();
}

fn receives_datagrams() {
    let mut receiver = UdpSocket::bind(local()).expect("bind");
    let address = receiver.local_addr().expect("an address");
    let sender = UdpSocket::bind(local()).expect("bind");
    let from = sender.local_addr().expect("an address");
    let mut driver = Driver::default();
    driver.register(&mut receiver, 1, Interest::READABLE);
    let mut buffer = [0; 1024];
    for len in [0, 1, 64, 1000] {
        let bytes = vec![7; len];
        assert_eq!(sender.send_to(&bytes, address).expect("send"), len);
        loop {
            match receiver.recv_from(&mut buffer) {
                Ok(received) => break assert_eq!(received, (len, from)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => driver.expect(1),
                Err(error) => panic!("receive: {error}"),
            };
        }
        assert_eq!(buffer[..len], bytes);
    }
}

fn looks_up_a_name() {
    let mut driver = Driver::default();
    let mut localhost = lookup("localhost").expect("start");
    driver.register(&mut localhost, 1, Interest::READABLE);
    let mut addresses: Vec<IpAddr> = Vec::new();
    loop {
        match localhost.next_address() {
            Ok(Some(address)) => addresses.push(address),
            Ok(None) => break,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                driver.expect(1);
            }
            Err(error) => panic!("look up: {error}"),
        }
    }
    assert!(addresses.iter().any(IpAddr::is_loopback), "{addresses:?}");
}

/// Two streams that are connected.
fn pair() -> (TcpStream, TcpStream) {
    let mut listener = TcpListener::bind(local()).expect("bind");
    let address = listener.local_addr().expect("an address");
    let client = TcpStream::connect(address).expect("connect");
    (client, accept(&mut listener))
}

fn reads_and_writes() {
    let (mut client, mut server) = pair();
    for len in [1, 100, 10_000] {
        server.write_all(&vec![7; len]).expect("write");
        assert_eq!(hear(&mut client, len), vec![7; len]);
    }
}

/// A peer that goes without reading resets the connection: the host says so in words. A host that
/// reads ahead has nothing unread, and ends the connection.
fn says_what_failed() {
    let (mut client, mut server) = pair();
    say(&server, "x");
    assert_eq!(hear(&mut client, 1), b"x");
    // Now there is a connection. Something comes that the server does not read.
    say(&client, "x");
    let mut driver = Driver::default();
    driver.register(&mut server, 0, Interest::READABLE);
    driver.expect(0);
    drop(server);
    driver.register(&mut client, 1, Interest::READABLE);
    let error = loop {
        match client.read(&mut [0; 8]) {
            Ok(0) => return,
            Ok(len) => panic!("{len} bytes in place of an error"),
            Err(error) if error.kind() == ErrorKind::WouldBlock => driver.expect(1),
            Err(error) => break error,
        };
    };
    assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
    assert!(!error.to_string().is_empty());
}
