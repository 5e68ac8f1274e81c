//! TCP: connecting, accepting, the ways a connection ends, and that every byte arrives.
#![cfg(feature = "net")]

mod util;

use std::io::{ErrorKind, Read, Write};
use std::net::{self, Shutdown, SocketAddr};
use std::thread;

use util::{
    LIMIT, assert_error, assert_silent, assert_would_block, bounded, connection, drain, one_event,
};
use wasio::net::{TcpListener, TcpStream};
use wasio::{Events, Interest, Poll, Token};

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

fn new_poll() -> (Poll, Events) {
    (Poll::new().unwrap(), Events::with_capacity(64))
}

#[test]
fn a_listener_is_readable_once_for_all_connections_until_accept_would_block() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let mut listener = TcpListener::bind(loopback()).unwrap();
        let address = listener.local_addr().unwrap();
        assert_ne!(address.port(), 0);
        assert_would_block(listener.accept());
        poll.registry()
            .register(&mut listener, Token(0), Interest::READABLE)
            .unwrap();
        assert_silent(&mut poll, &mut events);
        for clients in 1..4 {
            let clients: Vec<_> = (0..clients)
                .map(|_| net::TcpStream::connect(address).unwrap())
                .collect();
            assert!(one_event(&mut poll, &mut events).is_readable());
            for client in &clients {
                let (stream, peer) = listener.accept().unwrap();
                assert_eq!(peer, client.local_addr().unwrap());
                assert_eq!(stream.peer_addr().unwrap(), peer);
                // It does not block, whatever the listener was.
                assert_would_block((&stream).read(&mut [0; 1]));
            }
            assert_would_block(listener.accept());
            assert_silent(&mut poll, &mut events);
        }
        assert!(listener.take_error().unwrap().is_none());
    });
}

#[test]
fn a_connect_does_not_block_and_its_event_says_that_it_is_over() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let listener = net::TcpListener::bind(loopback()).unwrap();
        let address = listener.local_addr().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        poll.registry()
            .register(&mut stream, Token(0), BOTH)
            .unwrap();
        let event = one_event(&mut poll, &mut events);
        assert!(event.is_writable() && !event.is_error());
        assert!(stream.take_error().unwrap().is_none());
        assert_eq!(stream.peer_addr().unwrap(), address);
        let (mut peer, from) = listener.accept().unwrap();
        assert_eq!(stream.local_addr().unwrap(), from);
        stream.write_all(b"hello").unwrap();
        let mut read = [0; 5];
        peer.read_exact(&mut read).unwrap();
        assert_eq!(&read, b"hello");
    });
}

#[test]
fn a_refused_connect_is_an_event_of_its_source_and_then_the_error() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let (mut idle, peer) = connection();
        // Nothing listens there, and no other program gets the port of a connection.
        let address = peer.local_addr().unwrap();
        poll.registry()
            .register(&mut idle, Token(1), Interest::READABLE)
            .unwrap();
        // Some kernels know at once.
        let error = match TcpStream::connect(address) {
            Err(error) => error,
            Ok(mut stream) => {
                poll.registry()
                    .register(&mut stream, Token(0), BOTH)
                    .unwrap();
                let event = one_event(&mut poll, &mut events);
                assert_eq!(event.token(), Token(0));
                assert!(event.is_writable());
                if cfg!(target_os = "linux") {
                    assert!(event.is_error() && event.is_readable());
                }
                stream.take_error().unwrap().unwrap()
            }
        };
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert_silent(&mut poll, &mut events);
    });
}

#[test]
fn a_half_closed_connection_still_moves_bytes_the_other_way() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let (mut ours, mut peer) = connection();
        poll.registry()
            .register(&mut ours, Token(0), Interest::READABLE)
            .unwrap();
        peer.write_all(b"last words").unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        let mut heard = Vec::new();
        loop {
            assert!(one_event(&mut poll, &mut events).is_readable());
            heard.extend(drain(&ours));
            if matches!(ours.read(&mut [0; 8]), Ok(0)) {
                break;
            }
        }
        assert_eq!(heard, b"last words");
        // The end stays the end, and gives no further event.
        assert_eq!(ours.read(&mut [0; 8]).unwrap(), 0);
        assert_silent(&mut poll, &mut events);
        ours.write_all(b"answer").unwrap();
        ours.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        peer.read_to_end(&mut answer).unwrap();
        assert_eq!(answer, b"answer");
        assert_error(ours.write(b"x"), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_closed_connection_is_readable_and_ends() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let (mut ours, peer) = connection();
        poll.registry()
            .register(&mut ours, Token(0), Interest::READABLE)
            .unwrap();
        assert_silent(&mut poll, &mut events);
        drop(peer);
        assert!(one_event(&mut poll, &mut events).is_readable());
        assert_eq!(ours.read(&mut [0; 8]).unwrap(), 0);
    });
}

/// Whoever takes a short read for the last word until the next edge, as tokio does, relies on it.
#[test]
fn an_event_of_data_and_the_end_behind_it_says_both() {
    const CONNECTIONS: usize = 150;

    bounded(|| {
        let (mut poll, mut events) = (Poll::new().unwrap(), Events::with_capacity(CONNECTIONS));
        let mut connections: Vec<_> = (0..CONNECTIONS).map(|_| connection()).collect();
        for (number, (ours, peer)) in connections.iter_mut().enumerate() {
            peer.write_all(b"data").unwrap();
            if number % 3 == 0 {
                peer.shutdown(Shutdown::Write).unwrap();
            }
            poll.registry()
                .register(ours, Token(number), Interest::READABLE)
                .unwrap();
        }
        let mut seen = [false; CONNECTIONS];
        while seen.contains(&false) {
            poll.poll(&mut events, None).unwrap();
            for event in &events {
                let number = event.token().0;
                assert!(event.is_readable());
                if cfg!(target_os = "linux") {
                    assert_eq!(event.is_read_closed(), number % 3 == 0, "{number}");
                }
                assert!(!event.is_write_closed());
                seen[number] = true;
            }
        }
    });
}

#[test]
fn a_reset_is_an_event_of_its_connection_and_the_next_read_says_so() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let (mut reset, peer) = connection();
        let (mut healthy, mut healthy_peer) = connection();
        for (source, token) in [(&mut reset, 0), (&mut healthy, 1)] {
            poll.registry()
                .register(source, Token(token), Interest::READABLE)
                .unwrap();
        }
        // Closed with no time to linger: a reset instead of an end.
        let peer = socket2::Socket::from(peer);
        peer.set_linger(Some(std::time::Duration::ZERO)).unwrap();
        drop(peer);
        let event = one_event(&mut poll, &mut events);
        assert_eq!(event.token(), Token(0));
        assert!(event.is_readable());
        if cfg!(target_os = "linux") {
            assert!(event.is_error() && event.is_writable());
            assert!(event.is_read_closed() && event.is_write_closed());
        }
        assert_error(reset.read(&mut [0; 8]), ErrorKind::ConnectionReset);
        // The others go on.
        healthy_peer.write_all(b"x").unwrap();
        assert_eq!(one_event(&mut poll, &mut events).token(), Token(1));
        assert_eq!(drain(&healthy), b"x");
    });
}

#[test]
fn every_byte_of_many_connections_comes_back_in_order() {
    const CONNECTIONS: usize = 40;
    const BYTES: usize = 300_000;

    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let mut listener = TcpListener::bind(loopback()).unwrap();
        let address = listener.local_addr().unwrap();
        poll.registry()
            .register(&mut listener, Token(usize::MAX), Interest::READABLE)
            .unwrap();
        let peers: Vec<_> = (0..CONNECTIONS)
            .map(|seed| thread::spawn(move || talk(address, seed, BYTES)))
            .collect();
        let mut echoes = Vec::new();
        let mut open = CONNECTIONS;
        while open > 0 {
            poll.poll(&mut events, Some(LIMIT)).unwrap();
            for event in &events {
                if event.token() == Token(usize::MAX) {
                    accept_all(&poll, &listener, &mut echoes);
                } else {
                    let echo: &mut Echo = &mut echoes[event.token().0];
                    open -= usize::from(echo.advance());
                }
            }
        }
        for peer in peers {
            peer.join().unwrap();
        }
    });
}

/// Writes `len` bytes and reads them back, at the same time.
fn talk(address: SocketAddr, seed: usize, len: usize) {
    let mut reading = net::TcpStream::connect(address).unwrap();
    reading.set_read_timeout(Some(LIMIT)).unwrap();
    reading.set_write_timeout(Some(LIMIT)).unwrap();
    let sent: Vec<u8> = (0..=250).cycle().skip(seed).take(len).collect();
    let mut writing = reading.try_clone().unwrap();
    let written = sent.clone();
    let writer = thread::spawn(move || {
        for chunk in written.chunks(1 + seed * 997) {
            writing.write_all(chunk).unwrap();
        }
        writing.shutdown(Shutdown::Write).unwrap();
    });
    let mut echoed = Vec::new();
    reading.read_to_end(&mut echoed).unwrap();
    writer.join().unwrap();
    assert!(echoed == sent, "connection {seed} differs");
}

fn accept_all(poll: &Poll, listener: &TcpListener, echoes: &mut Vec<Echo>) {
    loop {
        match listener.accept() {
            Ok((mut stream, _)) => {
                let token = Token(echoes.len());
                poll.registry().register(&mut stream, token, BOTH).unwrap();
                echoes.push(Echo {
                    stream,
                    unsent: Vec::new(),
                    ended: false,
                    done: false,
                });
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) => panic!("{error}"),
        }
    }
}

struct Echo {
    stream: TcpStream,
    unsent: Vec<u8>,
    ended: bool,
    done: bool,
}

impl Echo {
    /// Moves what can be moved; true when that was the last, once.
    fn advance(&mut self) -> bool {
        if self.done {
            return false;
        }
        let mut buffer = [0; 16 * 1024];
        loop {
            while !self.unsent.is_empty() {
                match self.stream.write(&self.unsent) {
                    Ok(written) => drop(self.unsent.drain(..written)),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                    Err(error) => panic!("{error}"),
                }
            }
            if self.ended {
                self.stream.shutdown(Shutdown::Write).unwrap();
                self.done = true;
                return true;
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => self.ended = true,
                Ok(read) => self.unsent.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn options_are_those_that_were_set() {
    bounded(|| {
        let (ours, _peer) = connection();
        for nodelay in [true, false] {
            ours.set_nodelay(nodelay).unwrap();
            assert_eq!(ours.nodelay().unwrap(), nodelay);
        }
        ours.set_ttl(7).unwrap();
        assert_eq!(ours.ttl().unwrap(), 7);
        let listener = TcpListener::bind(loopback()).unwrap();
        listener.set_ttl(9).unwrap();
        assert_eq!(listener.ttl().unwrap(), 9);
    });
}

#[test]
fn a_port_in_use_is_an_error() {
    bounded(|| {
        let listener = TcpListener::bind(loopback()).unwrap();
        let again = TcpListener::bind(listener.local_addr().unwrap());
        assert_error(again, ErrorKind::AddrInUse);
    });
}

// `SO_REUSEADDR`: without it the port is taken for a minute, by the connection's last state.
#[cfg(unix)]
#[test]
fn a_server_may_start_again_at_once() {
    bounded(|| {
        let listener = TcpListener::bind(loopback()).unwrap();
        let address = listener.local_addr().unwrap();
        let mut client = net::TcpStream::connect(address).unwrap();
        let (stream, _) = net::TcpListener::from(listener).accept().unwrap();
        // Ours closes first, and so keeps the state.
        drop(stream);
        assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);
        drop(client);
        TcpListener::bind(address).unwrap();
    });
}

#[test]
fn ipv6_works_where_the_machine_has_it() {
    bounded(|| {
        let address = "[::1]:0".parse().unwrap();
        let Ok(listener) = TcpListener::bind(address) else {
            // The same refusal as the standard library's.
            assert!(net::TcpListener::bind(address).is_err());
            return;
        };
        let (mut poll, mut events) = new_poll();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        poll.registry()
            .register(&mut stream, Token(0), Interest::WRITABLE)
            .unwrap();
        assert!(one_event(&mut poll, &mut events).is_writable());
        assert!(stream.peer_addr().unwrap().is_ipv6());
    });
}

#[cfg(unix)]
#[test]
fn the_descriptor_goes_through_every_conversion() {
    use std::os::fd::{AsFd, AsRawFd, OwnedFd};

    bounded(|| {
        let (ours, mut peer) = connection();
        let number = ours.as_raw_fd();
        assert_eq!(ours.as_fd().as_raw_fd(), number);
        let owned = OwnedFd::from(ours);
        let ours = TcpStream::from(owned);
        assert_eq!(ours.as_raw_fd(), number);
        let mut ours = util::raw::from_into_raw_fd::<TcpStream>(ours);
        assert_eq!(ours.as_raw_fd(), number);
        ours.write_all(b"x").unwrap();
        assert_eq!(peer.read(&mut [0; 8]).unwrap(), 1);
        assert!(format!("{ours:?}").contains("TcpStream"));
    });
}
