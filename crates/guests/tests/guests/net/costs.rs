//! What a poll costs.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::harness::{Case, Host};
use crate::talk::say;

/// Fuel of a `select` with one ready source: what net_fuel_select printed when this was
/// last recorded (wasm32-wasip1, Rust 1.95, profile `guest`), with the feature `task`; without it
/// a select costs 670. After a change that is meant, run
/// the test: it says what it is now.
const FUEL_OF_A_SELECT: u64 = 693;

pub(crate) fn net_fuel_select(case: &Case) {
    if case.host() != Host::Sockets01 {
        case.skip_on(case.host(), "fuel is recorded on sockets01");
    }
    let guest = case.setup().fuel().start();
    let peer = guest.connect();
    say(&peer, "x");
    let outcome = guest.succeeds();
    let fuel: u64 = outcome.stdout_text().trim_end().parse().unwrap();
    let tolerance = FUEL_OF_A_SELECT / 20;
    assert!(
        fuel.abs_diff(FUEL_OF_A_SELECT) <= tolerance,
        "a select costs {fuel} units of fuel, recorded are {FUEL_OF_A_SELECT}"
    );
}

pub(crate) fn net_task_no_allocation(case: &Case) {
    net_no_allocation(case);
}

/// One byte goes to and fro on each connection in turn, until the guest has polled as
/// often as it wants to.
pub(crate) fn net_no_allocation(case: &Case) {
    let guest = case.start();
    let peers: Vec<TcpStream> = (0..40).map(|_| guest.connect()).collect();
    let mut byte = [0];
    for mut peer in peers.iter().cycle() {
        if peer.write_all(b"x").is_err() || !matches!(peer.read(&mut byte), Ok(1)) {
            break;
        }
    }
    guest.succeeds();
}

/// wasmtime 46 reports the socket as readable in each wait, and returns the error only with the next
/// datagram. Later versions and the operating system report it once, and return the error at once.
pub(crate) fn net_udp_refused(case: &Case) {
    for host in [Host::Sockets01, Host::Threads01] {
        case.skip_on(host, "WASI 0.1 has no UDP");
    }
    let outcome = case.setup().listeners(0).start().succeeds();
    let text = outcome.stdout_text();
    let polls = text.strip_suffix(" polls\n").unwrap().parse().unwrap();
    assert!((1..=10).contains(&polls), "{text}");
}

pub(crate) fn net_served_alike(case: &Case) {
    let guest = case.start();
    // Twice the longest share that the guest allows, in parts of 16 bytes.
    let bytes = [1; 2 * 2 * 40 * 16];
    let connect = |_| {
        let mut peer = guest.connect();
        peer.write_all(&bytes).unwrap();
        peer
    };
    let _peers: Vec<TcpStream> = (0..200).map(connect).collect();
    guest.succeeds();
}
