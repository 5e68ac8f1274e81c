//! Guests of WASI 0.3: what would trap or hang there, and what is special.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, UdpSocket};

use wasio_host::{Stdin, peer};

use crate::harness::Case;
use crate::talk::{hear, say};

pub(crate) fn p3_nothing_in_flight(case: &Case) {
    let guest = case.setup().listeners(1).start();
    let mut stream = guest.connect();
    stream.write_all(b"hello").unwrap();
    // The guest reads after it was refused; the end comes whenever it may.
    drop(stream);
    guest.succeeds();
}

/// Each kind of operation is cancelled, and leaves nothing with the host.
pub(crate) fn p3_drops(case: &Case) {
    let left = |rounds: usize| {
        let outcome = case.setup().arg(rounds.to_string()).start().succeeds();
        let drops = format!("{} drops\n", rounds * 24);
        assert_eq!(outcome.stdout_text(), drops);
        outcome.resources.expect("the host counts its resources")
    };
    let (few, many) = (left(2), left(25));
    assert!((1..100).contains(&few), "{few}");
    // Connections that nobody has accepted come and go.
    assert!(many < few + 8, "{few} resources became {many}");
}

/// Connections that nobody has accepted go with their listener, and leave nothing with the host.
pub(crate) fn p3_closed_listener(case: &Case) {
    let left = |rounds: usize| {
        let outcome = case.setup().arg(rounds.to_string()).start().succeeds();
        let connections = format!("{} connections\n", rounds * 8);
        assert_eq!(outcome.stdout_text(), connections);
        outcome.resources.expect("the host counts its resources")
    };
    let (few, many) = (left(4), left(60));
    assert!(many < few + 8, "{few} resources became {many}");
}

pub(crate) fn p3_idle_memory(case: &Case) {
    let guest = case.setup().listeners(1).start();
    let mut peers: Vec<_> = (0..1_000).map(|_| guest.connect()).collect();
    guest.expect_stdout("idle\n");
    for peer in &mut peers {
        peer.write_all(&[7; 20_000]).unwrap();
    }
    // A read in flight that is just filled, and nothing follows.
    for peer in &mut peers {
        peer.write_all(&[7; 128]).unwrap();
    }
    guest.succeeds();
}

pub(crate) fn p3_flush(case: &Case) {
    let outcome = case.start().succeeds();
    let bytes = outcome.stdout;
    assert_eq!(bytes.len(), 40 * 64 * 1024);
    for (part, number) in bytes.chunks(64 * 1024).zip(1_u8..) {
        assert!(part.iter().all(|found| *found == number));
    }
}

/// The peer reads once the guest has only its output left to write.
pub(crate) fn p3_exit(case: &Case) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addresses = [listener.local_addr(), socket.local_addr()].map(|it| it.unwrap().to_string());
    let [stream_to, datagrams_to] = &addresses;
    let guest = case.setup().args(&[stream_to, datagrams_to]).start();
    let (mut stream, _) = listener.accept().unwrap();
    for number in 0..10 {
        let mut datagram = [0; 2];
        assert_eq!(socket.recv(&mut datagram).unwrap(), 1);
        assert_eq!(datagram[0], number);
    }
    let received = stream.read_to_end(&mut Vec::new()).unwrap();
    assert_eq!(
        guest.succeeds().stdout_text(),
        format!("{received} bytes\n")
    );
}

pub(crate) fn p3_reset_flood(case: &Case) {
    const RESETS: usize = 160;
    let setup = case.setup().listeners(1).arg(RESETS.to_string());
    let mut guest = setup.stdin(Stdin::Pipe).start();
    let mut stdin = guest.take_stdin().unwrap();
    for _ in 0..RESETS {
        peer::reset(guest.connect()).unwrap();
    }
    let mut last = guest.connect();
    last.write_all(&[7]).unwrap();
    stdin.write_all(b"go\n").unwrap();
    guest.succeeds();
}

pub(crate) fn p3_reset_peer(case: &Case) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let guest = case.setup().arg(address.to_string()).start();
    let (mut stream, _) = listener.accept().unwrap();
    stream.read_exact(&mut [0]).unwrap();
    peer::reset(stream).unwrap();
    guest.succeeds();
}

/// The answer comes once the guest has served its timer and its socket.
pub(crate) fn p3_http_request(case: &Case) {
    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\n";
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let beside = TcpListener::bind("127.0.0.1:0").unwrap();
    let [authority, address] = [&server, &beside].map(|one| one.local_addr().unwrap().to_string());
    let guest = case.setup().args(&[&authority, &address]).start();
    for in_loop in [true, false] {
        let (stream, _) = beside.accept().unwrap();
        let (mut request, _) = server.accept().unwrap();
        let mut lines = BufReader::new(request.try_clone().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "GET / HTTP/1.1");
        assert!(lines.any(|line| line.unwrap().is_empty()));
        hear(&stream, "timer");
        if in_loop {
            say(&stream, "ping");
            hear(&stream, "pong");
        }
        request.write_all(HEAD).unwrap();
        hear(&stream, "head");
        request.write_all(b"hel").unwrap();
        request.write_all(b"lo").unwrap();
    }
    assert_eq!(guest.succeeds().stdout_text(), "hello\nhello\n");
}

pub(crate) fn p3_waitable(case: &Case) {
    case.start().succeeds();
}

/// The guest counts its handles and its memory itself.
pub(crate) fn p3_million(case: &Case) {
    // Each call takes jco a tenth of a millisecond.
    let part = if case.host().name() == "jco_03" {
        1_000
    } else {
        1
    };
    let outcome = case.setup().arg(part.to_string()).start().succeeds();
    let registrations = format!("{} registrations\n", 1_000_000 / part);
    let text = outcome.stdout_text();
    assert!(text.starts_with(&registrations), "{text}");
    assert_eq!(text.lines().count(), 10, "{text}");
    // What is left when the program exits: its listener, and the calls of the last poll.
    assert!(outcome.resources.is_none_or(|left| left < 100));
}
