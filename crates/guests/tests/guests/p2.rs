//! Guests that are about WASI 0.2: they talk to themselves.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use wasio_host::{Stdin, peer};

use crate::harness::Case;
use crate::talk::{hear, say};

mod http;
mod limits;

pub(crate) use http::*;
pub(crate) use limits::*;

pub(crate) fn p2_task_sources(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn p2_pollable(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn p2_stdin_again(case: &Case) {
    let mut guest = case.setup().stdin(Stdin::Pipe).start();
    let mut stdin = guest.take_stdin().unwrap();
    for round in ["round 0\n", "round 1\n", "round 2\n"] {
        guest.expect_in_stdout(round);
        stdin.write_all(b"line\n").unwrap();
    }
    guest.expect_in_stdout("the rest\n");
    stdin.write_all(b"rest").unwrap();
    drop(stdin);
    guest.succeeds();
}

pub(crate) fn p2_many_looks(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn p2_connect(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn p2_refused(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn p2_reset_peer(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn p2_unreachable(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn p2_address_in_use(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn p2_fresh_silent(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn p2_drop_order(case: &Case) {
    assert_eq!(case.start().succeeds().stdout_text(), "1518 orders\n");
}

pub(crate) fn p2_dual_stack(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn p2_udp(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn p2_udp_burst(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn p2_udp_strangers(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn p2_writes(case: &Case) {
    let outcome = case.start().succeeds();
    let text = outcome.stdout_text();
    let sent: usize = text.strip_suffix(" bytes\n").unwrap().parse().unwrap();
    assert!(sent > 4 * 64 * 1024, "{text}");
}

pub(crate) fn p2_linger_age(case: &Case) {
    // Each call takes jco a tenth of a millisecond.
    let number = if case.host().name() == "jco" { 4 } else { 400 };
    let guest = case.setup().arg(number.to_string()).start();
    let control = guest.connect();
    let mut silent: Vec<_> = (0..number).map(|_| guest.connect_narrow()).collect();
    hear(&control, "given up");
    let mut received = Vec::new();
    for peer in &mut silent {
        peer.read_to_end(&mut received).unwrap();
    }
    say(&control, "done");
    let outcome = guest.succeeds();
    let printed = outcome.stdout_text();
    let sent: usize = printed.strip_suffix(" bytes\n").unwrap().parse().unwrap();
    assert!(received.len() < sent, "{} of {sent} bytes", received.len());
    assert!(outcome.resources.is_none_or(|left| left < 100));
}

pub(crate) fn p2_fork_lingers(case: &Case) {
    let guest = case.start();
    let (control, mut peer) = (guest.connect(), guest.connect());
    hear(&control, "dropped");
    peer.write_all(b"x").unwrap();
    say(&control, "wrote");
    hear(&control, "now read");
    // It ends with a reset where the byte was not read before.
    let _ = std::io::copy(&mut peer, &mut std::io::sink());
    guest.succeeds();
}

pub(crate) fn p2_fork_read_ahead(case: &Case) {
    let guest = case.start();
    let (control, mut peer) = (guest.connect(), guest.connect());
    hear(&control, "send");
    peer.write_all(b"ab").unwrap();
    hear(&control, "more");
    peer.write_all(b"c").unwrap();
    hear(&control, "done");
    guest.succeeds();
}

pub(crate) fn p2_linger_number(case: &Case) {
    let guest = case.start();
    let control = guest.connect();
    let silent: Vec<_> = (0..4).map(|_| guest.connect_narrow()).collect();
    hear(&control, "dropped");
    let received = silent.into_iter().map(|mut peer| {
        let mut received = Vec::new();
        peer.read_to_end(&mut received).unwrap();
        received.len()
    });
    let received: Vec<usize> = received.collect();
    say(&control, "done");
    let outcome = guest.succeeds();
    let printed = outcome.stdout_text();
    let sent = printed.lines().map(|line| line.parse().unwrap());
    let is_whole: Vec<bool> = sent
        .zip(&received)
        .map(|(sent, got): (usize, _)| sent == *got)
        .collect();
    assert_eq!(
        is_whole,
        [false, false, true, true],
        "{received:?} of {printed}"
    );
}

pub(crate) fn p2_linger_sent(case: &Case) {
    let guest = case.start();
    let control = guest.connect();
    let [mut slow, mut quick, last] = [(); 3].map(|()| guest.connect_narrow());
    let read_to_end = |peer: &mut TcpStream| {
        let mut received = Vec::new();
        peer.read_to_end(&mut received).unwrap();
        received.len().to_string()
    };
    hear(&control, "read the second");
    let second = read_to_end(&mut quick);
    say(&control, "x");
    hear(&control, "read the first");
    let first = read_to_end(&mut slow);
    // The end of the guest would wait for it.
    drop(last);
    say(&control, "x");
    let outcome = guest.succeeds();
    let printed = outcome.stdout_text();
    assert_eq!(printed.lines().collect::<Vec<_>>(), [first, second]);
}

/// Each kind of source is seen when the slice for the other one is over, which is 10 ms at most.
pub(crate) fn p2_mixed(case: &Case) {
    const ROUNDS: u64 = 25;
    let guest = case.setup().listeners(2).start();
    let peers = [0, 1].map(|index| peer::connect(guest.addr(index)).unwrap());
    for (peer, kind) in peers.iter().zip(["pollable", "descriptor"]) {
        let mut delays: Vec<Duration> = (0..ROUNDS)
            .map(|round| {
                // The slices grow meanwhile, and it falls into another place of one each time.
                thread::sleep(Duration::from_millis(20 + 7 * round % 20));
                let start = Instant::now();
                say(peer, "x");
                hear(peer, "x");
                start.elapsed()
            })
            .collect();
        delays.sort_unstable();
        let (median, longest) = (delays[delays.len() / 2], delays[delays.len() - 1]);
        eprintln!("{kind}: median {median:?}, longest {longest:?}");
        assert!(median < Duration::from_millis(15), "{kind}: {delays:?}");
        assert!(longest < Duration::from_secs(1), "{kind}: {delays:?}");
    }
    drop(peers);
    guest.succeeds();
}

pub(crate) fn p2_own_allocator(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn p2_no_lookup(case: &Case) {
    case.setup().without_name_lookup().start().succeeds();
}

pub(crate) fn p2_descriptors(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn p2_no_network(case: &Case) {
    case.setup().without_network().start().succeeds();
}
