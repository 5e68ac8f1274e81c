//! UDP: datagrams, one at a time.
#![cfg(feature = "net")]

mod util;

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};

use util::{assert_error, assert_silent, assert_would_block, bounded, one_event};
use wasio::net::UdpSocket;
use wasio::{Events, Interest, Poll, Token};

fn socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap()
}

fn new_poll() -> (Poll, Events) {
    (Poll::new().unwrap(), Events::with_capacity(8))
}

#[test]
fn datagrams_come_back_whole_and_say_who_sent_them() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let (mut server, mut client) = (socket(), socket());
        let (server_address, client_address) =
            (server.local_addr().unwrap(), client.local_addr().unwrap());
        poll.registry()
            .register(&mut server, Token(0), Interest::READABLE)
            .unwrap();
        poll.registry()
            .register(&mut client, Token(1), Interest::READABLE)
            .unwrap();
        let mut buffer = [0; 2048];
        assert_would_block(server.recv_from(&mut buffer));
        for len in [0, 1, 500, 1400] {
            let datagram = vec![7; len];
            assert_eq!(client.send_to(&datagram, server_address).unwrap(), len);
            assert_eq!(one_event(&mut poll, &mut events).token(), Token(0));
            let (received, from) = server.recv_from(&mut buffer).unwrap();
            assert_eq!((&buffer[..received], from), (&datagram[..], client_address));
            assert_eq!(server.send_to(&datagram, from).unwrap(), len);
            assert_eq!(one_event(&mut poll, &mut events).token(), Token(1));
            assert_eq!(client.recv(&mut buffer).unwrap(), len);
            assert_would_block(server.recv_from(&mut buffer));
            assert_would_block(client.recv(&mut buffer));
        }
        assert_silent(&mut poll, &mut events);
    });
}

#[test]
fn a_received_datagram_says_nothing_about_the_next() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let (mut server, client) = (socket(), socket());
        client.connect(server.local_addr().unwrap()).unwrap();
        poll.registry()
            .register(&mut server, Token(0), Interest::READABLE)
            .unwrap();
        for byte in 0..3 {
            client.send(&[byte]).unwrap();
        }
        one_event(&mut poll, &mut events);
        let mut buffer = [0; 64];
        for byte in 0..3 {
            // Each is shorter than the buffer, and there is another one.
            assert_eq!(server.recv(&mut buffer).unwrap(), 1);
            assert_eq!(buffer[0], byte);
        }
        assert_would_block(server.recv(&mut buffer));
        assert_silent(&mut poll, &mut events);
    });
}

#[test]
fn a_connected_socket_sends_to_its_peer_and_hears_nobody_else() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let (mut ours, theirs, stranger) = (socket(), socket(), socket());
        assert_error(ours.peer_addr(), ErrorKind::NotConnected);
        assert!(ours.send(b"x").is_err());
        ours.connect(theirs.local_addr().unwrap()).unwrap();
        assert_eq!(ours.peer_addr().unwrap(), theirs.local_addr().unwrap());
        poll.registry()
            .register(&mut ours, Token(0), Interest::READABLE)
            .unwrap();
        let address = ours.local_addr().unwrap();
        stranger.send_to(b"stranger", address).unwrap();
        assert_silent(&mut poll, &mut events);
        theirs.send_to(b"friend", address).unwrap();
        one_event(&mut poll, &mut events);
        let mut buffer = [0; 64];
        assert_eq!(ours.peek(&mut buffer).unwrap(), 6);
        assert_eq!(ours.peek_from(&mut buffer).unwrap().0, 6);
        assert_eq!(ours.recv(&mut buffer).unwrap(), 6);
        assert_eq!(&buffer[..6], b"friend");
        assert_would_block(ours.peek(&mut buffer));
    });
}

#[cfg(unix)]
#[test]
fn a_datagram_that_comes_back_is_an_error_of_its_socket() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        // It hears only itself, and no other program gets its port.
        let deaf = socket();
        let address = deaf.local_addr().unwrap();
        deaf.connect(address).unwrap();
        let mut ours = socket();
        ours.connect(address).unwrap();
        poll.registry()
            .register(&mut ours, Token(0), Interest::READABLE)
            .unwrap();
        ours.send(b"x").unwrap();
        let event = one_event(&mut poll, &mut events);
        assert!(event.is_readable());
        assert_error(ours.recv(&mut [0; 8]), ErrorKind::ConnectionRefused);
        assert!(ours.take_error().unwrap().is_none());
    });
}

#[test]
fn an_idle_socket_is_writable_once_and_then_silent() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let mut ours = socket();
        poll.registry()
            .register(&mut ours, Token(0), Interest::READABLE | Interest::WRITABLE)
            .unwrap();
        let event = one_event(&mut poll, &mut events);
        assert!(event.is_writable() && !event.is_readable());
        assert_silent(&mut poll, &mut events);
    });
}

#[test]
fn options_are_those_that_were_set() {
    bounded(|| {
        let socket = socket();
        for on in [true, false] {
            socket.set_broadcast(on).unwrap();
            assert_eq!(socket.broadcast().unwrap(), on);
            socket.set_multicast_loop_v4(on).unwrap();
            assert_eq!(socket.multicast_loop_v4().unwrap(), on);
        }
        socket.set_ttl(11).unwrap();
        assert_eq!(socket.ttl().unwrap(), 11);
        socket.set_multicast_ttl_v4(5).unwrap();
        assert_eq!(socket.multicast_ttl_v4().unwrap(), 5);
        assert!(socket.take_error().unwrap().is_none());
        assert!(socket.try_io(|| Ok(())).is_ok());
        let refused = socket.try_io_with(Interest::READABLE, || {
            Err::<(), _>(ErrorKind::WouldBlock.into())
        });
        assert_would_block(refused);
    });
}

#[test]
fn ipv6_only_is_what_the_socket_says() {
    bounded(|| {
        let address: SocketAddr = "[::1]:0".parse().unwrap();
        match UdpSocket::bind(address) {
            Ok(ours) => {
                let plain = std::net::UdpSocket::from(ours);
                let said = socket2::SockRef::from(&plain).only_v6().unwrap();
                assert_eq!(UdpSocket::from_std(plain).only_v6().unwrap(), said);
            }
            Err(_) => assert!(std::net::UdpSocket::bind(address).is_err()),
        }
        // The option does not exist below IPv6.
        assert!(socket().only_v6().is_err());
    });
}

#[test]
fn a_group_is_joined_once_and_left_once() {
    bounded(|| {
        let socket = socket();
        let group = Ipv4Addr::new(239, 255, 42, 98);
        match socket.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST) {
            Ok(()) => {
                let again = socket.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST);
                assert!(again.is_err());
                socket
                    .leave_multicast_v4(&group, &Ipv4Addr::LOCALHOST)
                    .unwrap();
            }
            // A machine without multicast says the same to the standard library.
            Err(error) => {
                let plain = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
                let refused = plain.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST);
                assert_eq!(refused.unwrap_err().kind(), error.kind());
            }
        }
        let left = socket.leave_multicast_v4(&group, &Ipv4Addr::LOCALHOST);
        assert!(left.is_err());
    });
}
