//! 70 000 registrations: exactly those that become ready are reported.

use std::io::{Read, Write};
use std::time::Duration;

use wasio::Events;
use wasio::{Interest, Selector, Token};

const COUNT: usize = 70_000;
/// The descriptors from 3 on share sockets, round-robin.
const SOCKETS: usize = 4;
const FIRST: usize = 3;

fn main() {
    let selector = Selector::new().expect("a selector");
    for index in 0..COUNT {
        let descriptor = i32::try_from(FIRST + index).expect("a descriptor");
        let result = selector.register(descriptor, Token(index), Interest::READABLE);
        result.expect("register");
    }
    let mut events = Events::with_capacity(COUNT);
    selector
        .select(&mut events, Some(Duration::ZERO))
        .expect("select");
    assert!(events.is_empty(), "{} events", events.iter().len());

    let mut stream = wasio_guests::std_stream(2);
    stream.write_all(b"1").expect("write");
    let mut seen = vec![false; COUNT];
    while events.is_empty() {
        selector
            .select(&mut events, Some(Duration::from_secs(20)))
            .expect("select");
    }
    // All descriptors of the socket are ready, and each poll reports at least some of them.
    for event in &events {
        let Token(index) = event.token();
        assert_eq!(index % SOCKETS, 2, "{event:?}");
        assert!(!seen[index], "twice in a poll");
        seen[index] = true;
    }
    let mut byte = [0];
    stream.read_exact(&mut byte).expect("read");
    selector
        .select(&mut events, Some(Duration::ZERO))
        .expect("select");
    assert!(events.is_empty(), "{} events", events.iter().len());
    for index in 0..COUNT {
        let descriptor = i32::try_from(FIRST + index).expect("a descriptor");
        selector.deregister(descriptor).expect("deregister");
    }
    println!("done");
}
