//! What each call does and says.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use wasio_host::peer;

use crate::harness::{Case, Host};
use crate::talk::{end, hear, hear_end, say};

/// Starts the guest and sends `text` on its only connection.
fn one_peer(case: &Case, text: &str) -> (crate::harness::Session, TcpStream) {
    let guest = case.start();
    let peer = guest.connect();
    say(&peer, text);
    (guest, peer)
}

pub(crate) fn net_reregister(case: &Case) {
    let (guest, _peer) = one_peer(case, "hello");
    guest.succeeds();
}

pub(crate) fn net_narrowed_interest(case: &Case) {
    let (guest, _peer) = one_peer(case, "hello");
    guest.succeeds();
}

pub(crate) fn net_register_errors(case: &Case) {
    let (guest, _peer) = one_peer(case, "hello");
    guest.succeeds();
}

pub(crate) fn net_bad_input(case: &Case) {
    let (guest, peer) = one_peer(case, "");
    hear(&peer, "1");
    say(&peer, "ab");
    guest.succeeds();
}

pub(crate) fn net_failed_io(case: &Case) {
    let (guest, _peer) = one_peer(case, "hello");
    guest.succeeds();
}

pub(crate) fn net_peek(case: &Case) {
    let (guest, peer) = one_peer(case, "hello");
    hear(&peer, "1");
    say(&peer, "ab");
    hear(&peer, "2");
    say(&peer, "cd");
    guest.succeeds();
}

pub(crate) fn net_peek_early(case: &Case) {
    let guest = case.start();
    let peer = guest.connect();
    hear(&peer, "1");
    say(&peer, "hello");
    guest.succeeds();
}

pub(crate) fn net_vectored_long(case: &Case) {
    let guest = case.start();
    let mut peer = guest.connect();
    assert_eq!(peer.read(&mut [0]).unwrap(), 1);
    guest.succeeds();
}

pub(crate) fn net_vectored(case: &Case) {
    let (guest, peer) = one_peer(case, "hello world");
    hear(&peer, "good bye");
    say(&peer, "ok");
    hear(&peer, ".");
    hear_end(&peer);
    guest.succeeds();
}

pub(crate) fn net_take_error(case: &Case) {
    let guest = case.start();
    let peer = guest.connect();
    hear(&peer, "x");
    guest.succeeds();
}

pub(crate) fn net_options(case: &Case) {
    let guest = case.start();
    let peer = guest.connect();
    let has_options = case.host().is_component() || case.host() == Host::Native;
    let _second = has_options.then(|| {
        hear(&peer, "set");
        guest.connect()
    });
    guest.succeeds();
}

pub(crate) fn net_from_std(case: &Case) {
    let guest = case.start();
    let peer = guest.connect();
    hear(&peer, "1");
    say(&peer, "ab");
    guest.succeeds();
}

pub(crate) fn net_from_std_lingers(case: &Case) {
    let guest = case.start();
    let mut peer = guest.connect();
    // It is dropped meanwhile.
    thread::sleep(Duration::from_millis(300));
    let mut received = Vec::new();
    peer.read_to_end(&mut received).unwrap();
    let sent = format!("{} bytes\n", received.len());
    assert_eq!(guest.succeeds().stdout_text(), sent);
}

pub(crate) fn net_from_std_peeks(case: &Case) {
    let (guest, peer) = one_peer(case, "hello");
    hear(&peer, "1");
    end(&peer);
    guest.succeeds();
}

pub(crate) fn net_unsupported(case: &Case) {
    let guest = case.start();
    let _peer = guest.connect();
    guest.succeeds();
}

pub(crate) fn net_two_listeners(case: &Case) {
    let guest = case.setup().listeners(2).start();
    for index in [1, 0, 1] {
        let peer = peer::connect(guest.addr(index)).unwrap();
        hear(&peer, &index.to_string());
    }
    guest.succeeds();
}

pub(crate) fn net_preopened_after_accept(case: &Case) {
    let guest = case.start();
    let peers: Vec<TcpStream> = (0..4).map(|_| guest.connect()).collect();
    for peer in &peers[1..] {
        hear(peer, "x");
        say(peer, "y");
    }
    guest.succeeds();
}

pub(crate) fn net_tokens(case: &Case) {
    let guest = case.start();
    let peers: Vec<TcpStream> = (0..4).map(|_| guest.connect()).collect();
    for peer in &peers {
        say(peer, "x");
    }
    guest.succeeds();
}

pub(crate) fn net_task_echo(case: &Case) {
    let guest = case.start();
    let peers: Vec<TcpStream> = (0..20).map(|_| guest.connect()).collect();
    for _ in 0..20 {
        for peer in &peers {
            say(peer, "hello");
        }
        for peer in &peers {
            hear(peer, "hello");
        }
    }
    drop(peers);
    guest.succeeds();
}

pub(crate) fn net_selector(case: &Case) {
    let guest = case.start();
    let peers = [guest.connect(), guest.connect()];
    for peer in &peers {
        say(peer, "x");
    }
    guest.succeeds();
}

pub(crate) fn net_event_debug(case: &Case) {
    let (guest, peer) = one_peer(case, "hello");
    hear(&peer, "x");
    guest.succeeds();
}

/// libc ends a program of WASI 0.2 that asks it for the address of such a peer: so does `accept` of
/// the standard library there.
pub(crate) fn net_gone_peers(case: &Case) {
    const GONE: usize = 5;
    let guest = case.setup().listeners(2).start();
    let control = guest.connect();
    let connect = |index| peer::connect(guest.addr(index)).unwrap();
    let mut alive = Vec::new();
    for index in [0, 1] {
        for number in 0..GONE {
            let gone = connect(index);
            if number % 2 == 1 {
                say(&gone, "bye");
            }
            peer::reset(gone).unwrap();
        }
        let stream = connect(index);
        say(&stream, "there");
        alive.push(stream);
    }
    say(&control, "go");
    for stream in &alive {
        hear(stream, "served");
    }
    let run = guest.succeeds();
    let gone: Vec<usize> = (run.stdout_text().lines())
        .map(|line| line.strip_suffix(" gone").unwrap().parse().unwrap())
        .collect();
    // wasio's listener on 0.2 leaves out those that have no address any more.
    assert!(matches!(gone[..], [..=GONE, GONE]), "{gone:?}");
}

pub(crate) fn net_accept_storm(case: &Case) {
    const THREADS: u8 = 4;
    const EACH: u8 = 60;
    let count = usize::from(THREADS) * usize::from(EACH);
    let guest = case.setup().arg(count.to_string()).start();
    let addr = guest.addr(0);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                let peers: Vec<TcpStream> =
                    (0..EACH).map(|_| peer::connect(addr).unwrap()).collect();
                for (byte, mut peer) in peers.iter().enumerate() {
                    // Lower case letters: each goes back as one byte.
                    let byte = b'a' + (thread + u8::try_from(byte).unwrap()) % 26;
                    peer.write_all(&[byte]).unwrap();
                }
                for (byte, mut peer) in peers.iter().enumerate() {
                    let byte = b'a' + (thread + u8::try_from(byte).unwrap()) % 26;
                    let mut back = Vec::new();
                    peer.read_to_end(&mut back).unwrap();
                    assert_eq!(back, [byte]);
                }
            });
        }
    });
    guest.succeeds();
}
