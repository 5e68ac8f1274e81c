//! A poll allocates nothing once its buffers have grown, nor does a read or write. On WASI 0.2 that
//! includes the lists that the host returns: those that wasio has no buffer for are counted.

use std::io::{ErrorKind, Read, Write};

use wasio::net::TcpStream;
use wasio::{Events, Poll, Token};
use wasio_guests::counting::{BATCHES, Counting, allocations, expect_none};
use wasio_guests::driver::{BOTH, accept_each};

#[global_allocator]
static COUNTING: Counting = Counting;

const COUNT: usize = 40;
const WARM_UP: u32 = 200;
const POLLS: u32 = 250;

fn main() {
    let mut streams = accept_each::<COUNT>(&mut wasio_guests::listener());
    let mut poll = Poll::new().expect("a poll");
    let mut events = Events::with_capacity(16);
    for (token, stream) in streams.iter_mut().enumerate() {
        let registry = poll.registry();
        registry
            .register(stream, Token(token), BOTH)
            .expect("register");
    }
    let mut buffer = [0; 1024];
    for _ in 0..WARM_UP {
        turn(&mut poll, &mut events, &mut streams, &mut buffer);
    }
    assert!(allocations() > 0, "nothing is counted");
    let mut made = [0; BATCHES];
    for made in &mut made {
        let before = allocations();
        for _ in 0..POLLS {
            turn(&mut poll, &mut events, &mut streams, &mut buffer);
        }
        *made = allocations() - before;
    }
    expect_none(made);
}

fn turn(poll: &mut Poll, events: &mut Events, streams: &mut [TcpStream], buffer: &mut [u8]) {
    poll.poll(events, None).expect("poll");
    for event in &*events {
        let stream = &mut streams[event.token().0];
        loop {
            match stream.read(buffer) {
                Ok(0) => panic!("the end"),
                Ok(count) => stream.write_all(&buffer[..count]).expect("room"),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("read: {error}"),
            }
        }
    }
}
