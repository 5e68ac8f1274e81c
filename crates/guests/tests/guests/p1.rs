//! Guests that call WASI 0.1 themselves.

use std::io::{Read, Write};

use wasio_host::peer;

use crate::harness::{Case, Host};

pub(crate) fn p1_std_echo(case: &Case) {
    case.skip_on(Host::Plain01, "no descriptor of a socket is handed in");
    let (theirs, mut ours) = peer::pair().unwrap();
    let guest = case.setup().stream(theirs).start();
    ours.write_all(b"line\n").unwrap();
    let mut back = [0; 11];
    ours.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"hello\nline\n");
    guest.succeeds();
}

pub(crate) fn p1_handed_in(case: &Case) {
    case.skip_on(Host::Plain01, "no descriptor of a socket is handed in");
    let guest = case.setup().shared_sockets(8).refused_files(1).start();
    let peers = guest.running().unwrap().shared_peers();
    assert_eq!(peers.len(), 4);
    for (mut peer, bytes) in peers.iter().zip(["ae", "bf", "cg", "dh"]) {
        peer.write_all(bytes.as_bytes()).unwrap();
    }
    assert_eq!(guest.succeeds().stdout_text(), "abcdefgh\n");
}
