//! A limit of open files that is lowered while the process runs, in a process of its own.
#![cfg(all(feature = "net", target_os = "linux"))]

mod util;

use std::io::Write;
use std::net::Shutdown;
use std::process::Command;
use std::time::Duration;

use util::{bounded, connection};
use wasio::{Events, Interest, Poll, Token};

const PEERS: usize = 40;
/// Fewer than there are sources that one `poll` would be about.
const LIMIT: usize = 16;

/// Data and the end behind it are one event, and it says both: there is no other.
#[test]
fn the_end_behind_data_is_seen_under_a_limit_that_was_lowered() {
    bounded(|| {
        let (mut poll, mut events) = (Poll::new().unwrap(), Events::with_capacity(64));
        let mut pairs: Vec<_> = (0..PEERS).map(|_| connection()).collect();
        for (place, (ours, peer)) in pairs.iter_mut().enumerate() {
            let registry = poll.registry();
            registry
                .register(ours, Token(place), Interest::READABLE)
                .unwrap();
            peer.write_all(b"x").unwrap();
            peer.shutdown(Shutdown::Write).unwrap();
        }
        let process = std::process::id().to_string();
        let limit = format!("--nofile={LIMIT}:");
        let lowered = Command::new("prlimit")
            .args(["--pid", &process, &limit])
            .status();
        assert!(lowered.expect("prlimit of util-linux").success());

        let mut seen = [false; PEERS];
        while seen != [true; PEERS] {
            poll.poll(&mut events, Some(Duration::from_secs(10)))
                .unwrap();
            assert!(!events.is_empty(), "{seen:?}");
            for event in &events {
                assert!(event.is_readable() && event.is_read_closed(), "{event:?}");
                seen[event.token().0] = true;
            }
        }
    });
}
