//! Two hundred connections that always have something to read, of which each event reads a little. Each
//! gets its share, however few calls the host answers between two waits.

use std::io::{ErrorKind, Read};

use wasio::net::TcpStream;
use wasio::{Events, Interest, Poll, Token};
use wasio_guests::driver::accept_each;

const CONNECTIONS: usize = 200;
const SHARE: u32 = 40;
const TOTAL: u32 = SHARE * 200;

fn main() {
    let mut streams = accept_each::<CONNECTIONS>(&mut wasio_guests::listener());
    let mut poll = Poll::new().expect("a poll");
    for (token, stream) in streams.iter_mut().enumerate() {
        poll.registry()
            .register(stream, Token(token), Interest::READABLE)
            .expect("register");
    }
    let mut reads = [0; CONNECTIONS];
    // Everything has come once each had its first.
    while reads.contains(&0) {
        serve(&mut poll, &mut streams, &mut reads);
    }
    for (token, stream) in streams.iter_mut().enumerate() {
        reregister(&poll, stream, Token(token));
    }
    while reads.iter().sum::<u32>() < TOTAL {
        for token in serve(&mut poll, &mut streams, &mut reads) {
            // There is more.
            reregister(&poll, &mut streams[token.0], token);
        }
    }
    let (least, most) = (reads.iter().min(), reads.iter().max());
    assert!(least >= Some(&(SHARE / 4)), "{reads:?}");
    assert!(most <= Some(&(SHARE * 3)), "{reads:?}");
}

/// Polls, and reads a little from each stream that is ready. Returns which those are.
fn serve(poll: &mut Poll, streams: &mut [TcpStream], reads: &mut [u32]) -> Vec<Token> {
    let mut events = Events::with_capacity(1024);
    poll.poll(&mut events, None).expect("poll");
    for event in &events {
        match streams[event.token().0].read(&mut [0; 16]) {
            Ok(0) => panic!("the end"),
            Ok(_) => reads[event.token().0] += 1,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => panic!("read: {error}"),
        }
    }
    events.iter().map(wasio::event::Event::token).collect()
}

fn reregister(poll: &Poll, stream: &mut TcpStream, token: Token) {
    let registry = poll.registry();
    registry
        .reregister(stream, token, Interest::READABLE)
        .expect("reregister");
}
