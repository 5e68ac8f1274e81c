//! `TcpListener`, `TcpStream`, `UdpSocket`.

use std::io::{ErrorKind, Read, Write};
use std::net::{self, Shutdown, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};

use mio::Interest;
use mio::net::{TcpListener, TcpStream, UdpSocket};

use super::raw::taken_over;
use super::{BOTH, Loop, assert_would_block, drain, fill};

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// Both ends of a connection, made without blocking.
fn connection(waiting: &mut Loop) -> (TcpStream, TcpStream) {
    let mut listener = TcpListener::bind(loopback()).unwrap();
    assert_would_block(listener.accept());
    waiting.register(&mut listener, 100, Interest::READABLE);
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    waiting.register(&mut client, 101, Interest::WRITABLE);
    waiting.wait(101, |event| event.is_writable());
    assert!(client.take_error().unwrap().is_none());
    assert_eq!(client.peer_addr().unwrap(), listener.local_addr().unwrap());
    let server = loop {
        match listener.accept() {
            Ok((server, peer)) => {
                assert_eq!(peer, client.local_addr().unwrap());
                break server;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                waiting.wait(100, |event| event.is_readable());
            }
            Err(error) => panic!("{error}"),
        }
    };
    waiting.poll.registry().deregister(&mut client).unwrap();
    (client, server)
}

#[test]
fn a_stream_is_readable_with_data_and_at_the_end() {
    let mut waiting = Loop::new();
    let (mut client, mut server) = connection(&mut waiting);
    waiting.register(&mut server, 1, BOTH);
    assert_would_block(server.read(&mut [0; 8]));
    client.write_all(b"hello").unwrap();
    waiting.wait(1, |event| event.is_readable());
    let mut peeked = [0; 8];
    assert_eq!(server.peek(&mut peeked).unwrap(), 5);
    assert_eq!(drain(&server), b"hello");
    client.shutdown(Shutdown::Write).unwrap();
    waiting.wait(1, |event| event.is_readable());
    assert_eq!(server.read(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn a_stream_that_was_full_is_writable_once_there_is_room() {
    let mut waiting = Loop::new();
    let (client, mut server) = connection(&mut waiting);
    waiting.register(&mut server, 1, BOTH);
    let filled = fill(&server);
    let mut client = net::TcpStream::from(client);
    client.set_nonblocking(false).unwrap();
    client.read_exact(&mut vec![0; filled]).unwrap();
    waiting.wait(1, |event| event.is_writable());
    server.write_all(b"x").unwrap();
}

#[test]
fn a_refused_connection_is_an_event_and_the_error_is_taken() {
    let mut waiting = Loop::new();
    // Nothing listens there, and no other program gets the port of a connection.
    let listener = net::TcpListener::bind(loopback()).unwrap();
    let taken = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let mut client = TcpStream::connect(taken.local_addr().unwrap()).unwrap();
    waiting.register(&mut client, 1, Interest::WRITABLE);
    waiting.wait(1, |event| event.is_writable());
    let error = client.take_error().unwrap().unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn what_try_io_finds_blocked_is_reported_later() {
    let mut waiting = Loop::new();
    let (mut client, mut server) = connection(&mut waiting);
    waiting.register(&mut server, 1, Interest::READABLE);
    let receive = |server: &TcpStream| {
        server.try_io(|| {
            // As a system call of the caller's would.
            let copy = server.as_fd().try_clone_to_owned()?;
            net::TcpStream::from(copy).read(&mut [0; 8])
        })
    };
    for _ in 0..2 {
        assert_would_block(receive(&server));
        client.write_all(b"x").unwrap();
        waiting.wait(1, |event| event.is_readable());
        assert_eq!(receive(&server).unwrap(), 1);
    }
}

#[test]
fn descriptors_come_and_go() {
    let mut waiting = Loop::new();
    let (client, server) = connection(&mut waiting);
    let mut server: TcpStream = taken_over(server);
    let mut client = TcpStream::from(OwnedFd::from(client));
    waiting.register(&mut server, 1, Interest::READABLE);
    client.write_all(b"x").unwrap();
    waiting.wait(1, |event| event.is_readable());
    assert_eq!(drain(&server), b"x");
}

#[test]
fn datagrams_keep_their_bounds() {
    let mut waiting = Loop::new();
    let one = UdpSocket::bind(loopback()).unwrap();
    let mut other = UdpSocket::bind(loopback()).unwrap();
    waiting.register(&mut other, 1, Interest::READABLE);
    assert_would_block(other.recv_from(&mut [0; 8]));
    let target = other.local_addr().unwrap();
    for message in [&b"one"[..], b"two"] {
        one.send_to(message, target).unwrap();
        waiting.wait(1, |event| event.is_readable());
        let mut buffer = [0; 8];
        assert_eq!(other.peek_from(&mut buffer).unwrap().0, 3);
        let (read, from) = other.recv_from(&mut buffer).unwrap();
        assert_eq!(&buffer[..read], message);
        assert_eq!(from, one.local_addr().unwrap());
        assert_would_block(other.recv_from(&mut buffer));
    }
}
