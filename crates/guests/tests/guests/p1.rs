//! Guests that call WASI 0.1 themselves.

use std::io::{Read, Write};
use std::path::PathBuf;

use wasio_host::peer;

use crate::harness::{Case, Host};
use crate::talk::{hear, say};

pub(crate) fn p1_std_echo(case: &Case) {
    case.skip_without_sockets();
    let (theirs, mut ours) = peer::pair().unwrap();
    let guest = case.setup().stream(theirs).start();
    ours.write_all(b"line\n").unwrap();
    let mut back = [0; 11];
    ours.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"hello\nline\n");
    guest.succeeds();
}

pub(crate) fn p1_handed_in(case: &Case) {
    case.skip_without_sockets();
    let guest = case.setup().shared_sockets(8).refused_files(1).start();
    let peers = guest.running().unwrap().shared_peers();
    assert_eq!(peers.len(), 4);
    for (mut peer, bytes) in peers.iter().zip(["ae", "bf", "cg", "dh"]) {
        peer.write_all(bytes.as_bytes()).unwrap();
    }
    assert_eq!(guest.succeeds().stdout_text(), "abcdefgh\n");
}

pub(crate) fn p1_errnos(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn p1_closed(case: &Case) {
    case.skip_without_sockets();
    let mut setup = case.setup();
    let mut peers = Vec::new();
    for _ in 0..3 {
        let (theirs, ours) = peer::pair().unwrap();
        setup = setup.stream(theirs);
        peers.push(ours);
    }
    let guest = setup.start();
    hear(&peers[2], "1");
    say(&peers[2], "hello");
    guest.succeeds();
}

pub(crate) fn p1_refused(case: &Case) {
    case.skip_without_sockets();
    let (theirs, ours) = peer::pair().unwrap();
    let guest = case.setup().stream(theirs).refused_files(1).start();
    hear(&ours, "1");
    say(&ours, "hello");
    guest.succeeds();
}

pub(crate) fn p1_directory(case: &Case) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(case.host().name());
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("file"), "content").unwrap();
    case.setup().dir(folder, "/given").start().succeeds();
}

pub(crate) fn p1_seventy_thousand(case: &Case) {
    case.skip_without_sockets();
    let guest = case.setup().shared_sockets(70_000).start();
    let peer = &guest.running().unwrap().shared_peers()[2];
    hear(peer, "1");
    say(peer, "x");
    assert_eq!(guest.succeeds().stdout_text(), "done\n");
}

/// What a guest that prints its fuel has used for `count`.
fn fuel_for(case: &Case, count: usize, sockets: usize) -> u64 {
    let setup = case.setup().fuel().shared_sockets(sockets);
    let outcome = setup.arg(count.to_string()).start().succeeds();
    outcome.stdout_text().trim_end().parse().unwrap()
}

/// Ten times as many descriptors cost at most twelve times as much.
pub(crate) fn p1_register_linear(case: &Case) {
    case.skip_without_sockets();
    let [few, many] = [1_000, 10_000].map(|count| fuel_for(case, count, count));
    assert!(many <= 12 * few, "{few} for 1000, {many} for 10000");
    assert!(many > few, "{few} for 1000, {many} for 10000");
}

/// O(n log n) in all: ten times as many timers cost 10 * log 10 000 / log 1000 = 13.3
/// times as much; 16 leaves room, and O(n) for each would be a hundred.
pub(crate) fn p1_timers_cost(case: &Case) {
    case.skip_on(Host::Node, "it counts no fuel");
    let [few, many] = [1_000, 10_000].map(|count| fuel_for(case, count, 0));
    assert!(many <= 16 * few, "{few} for 1000, {many} for 10000");
    assert!(many > few, "{few} for 1000, {many} for 10000");
}
