//! When a source is reported, and when it is not.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::harness::Case;
use crate::talk::{end, hear, hear_end, say};

pub(crate) fn net_edge(case: &Case) {
    let guest = case.start();
    let peer = guest.connect();
    say(&peer, "hello");
    hear(&peer, "1");
    say(&peer, " world");
    hear(&peer, "2");
    say(&peer, "again");
    guest.succeeds();
}

pub(crate) fn net_short_read(case: &Case) {
    let guest = case.start();
    let (peer, control) = (guest.connect(), guest.connect());
    say(&peer, "one");
    hear(&control, "1");
    say(&peer, "two");
    hear(&control, "2");
    say(&peer, "three");
    say(&control, "c");
    guest.succeeds();
}

pub(crate) fn net_busy_poll(case: &Case) {
    let guest = case.start();
    let peer = guest.connect();
    hear(&peer, "1");
    say(&peer, "hello");
    guest.succeeds();
}

pub(crate) fn net_write_blocks(case: &Case) {
    let guest = case.start();
    let mut peer = guest.connect();
    let mut buffer = vec![0; 64 * 1024];
    let mut total = 0;
    guest.expect_stdout("blocked\n");
    loop {
        // A rest for each quarter of a megabyte: the guest fills its side again and waits.
        if total % (256 * 1024) < buffer.len() {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        let count = peer.read(&mut buffer).unwrap();
        if count == 0 {
            break;
        }
        for (at, byte) in buffer[..count].iter().enumerate() {
            assert_eq!(
                usize::from(*byte),
                (total + at) % 251,
                "byte {}",
                total + at
            );
        }
        total += count;
    }
    assert_eq!(
        guest.succeeds().stdout_text(),
        format!("blocked\n{} bytes\n", 32 << 20)
    );
    assert_eq!(total, 32 << 20);
}

pub(crate) fn net_half_close(case: &Case) {
    let guest = case.start();
    let peers = [guest.connect(), guest.connect(), guest.connect()];
    say(&peers[0], "last words");
    end(&peers[0]);
    hear(&peers[0], "answer");
    hear_end(&peers[0]);
    hear(&peers[1], "done");
    hear_end(&peers[1]);
    say(&peers[1], "still");
    hear_end(&peers[2]);
    guest.succeeds();
}

pub(crate) fn net_end_read_early(case: &Case) {
    let guest = case.start();
    let peer = guest.connect();
    end(&peer);
    guest.succeeds();
}

pub(crate) fn net_shutdown_read(case: &Case) {
    let guest = case.start();
    let peers = [guest.connect(), guest.connect()];
    for (peer, last) in peers.iter().zip(["not registered", "registered"]) {
        hear(peer, last);
    }
    guest.succeeds();
}

pub(crate) fn net_reset(case: &Case) {
    let guest = case.start();
    let [first, second, third] = [guest.connect(), guest.connect(), guest.connect()];
    hear(&first, "1");
    wasio_host::peer::reset(second).unwrap();
    for peer in [&first, &third] {
        hear(peer, "2");
        say(peer, "more");
    }
    guest.succeeds();
}

pub(crate) fn net_drop(case: &Case) {
    let guest = case.start();
    let peers = [guest.connect(), guest.connect(), guest.connect()];
    for peer in &peers {
        say(peer, "x");
    }
    hear(&peers[0], "dropped");
    hear(&peers[1], "again");
    say(&peers[1], "y");
    guest.succeeds();
}

pub(crate) fn net_small_events(case: &Case) {
    let guest = case.start();
    let peers: Vec<TcpStream> = (0..20).map(|_| guest.connect()).collect();
    for peer in &peers {
        say(peer, "x");
    }
    for peer in &peers {
        hear(peer, "y");
    }
    guest.succeeds();
}

pub(crate) fn net_stale(case: &Case) {
    let guest = case.start();
    let [one, two, control] = [guest.connect(), guest.connect(), guest.connect()];
    say(&one, "x");
    say(&two, "x");
    hear(&control, "1");
    let new = guest.connect();
    hear(&control, "2");
    say(&new, "new");
    // After the guest has read that, it waits for this.
    (&control).write_all(b"x").unwrap();
    guest.succeeds();
}

pub(crate) fn net_source_fd(case: &Case) {
    let guest = case.start();
    let peer = guest.connect();
    say(&peer, "hello");
    hear(&peer, "1");
    say(&peer, "x");
    guest.succeeds();
}

pub(crate) fn net_oneshot(case: &Case) {
    let guest = case.start();
    let peer = guest.connect();
    say(&peer, "hello");
    hear(&peer, "1");
    say(&peer, "x");
    guest.succeeds();
}
