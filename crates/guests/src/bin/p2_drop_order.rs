//! Dropping objects in every order, registered and in mid-operation, never traps. (The host traps
//! if a parent is dropped before its children, or if a wait names a resource that was dropped.)

use std::any::Any;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use wasio::net::{TcpListener, TcpStream, UdpSocket, lookup};
use wasio::time::Timer;
use wasio::{Events, Interest, Poll, Registry, Selector, Token, Waker, stdio};
use wasio_guests::driver::{BOTH, Driver, accept, fill, hear, hear_some, local, say};
use wasio_guests::http::{self, Body};

/// The number of objects: a prime, so that a walk with any step width reaches all of them.
const THINGS: usize = 23;

/// An object that is dropped.
struct All {
    poll: Option<Poll>,
    fork: Option<Selector>,
    others: Vec<Option<Box<dyn Any>>>,
}

impl All {
    fn new(polls: usize) -> Self {
        let mut poll = Poll::new().expect("a poll");
        let mut others = Vec::new();
        let mut keep = |thing: Box<dyn Any>| others.push(Some(thing));
        let registry = poll.registry();
        streams(registry, &mut keep);
        datagrams(registry, &mut keep);
        exchanges(registry, &mut keep);
        own(registry, &mut keep);
        let fork = registry.selector().fork().expect("a fork");
        for _ in 0..polls {
            look(&mut poll);
        }
        assert_eq!(others.len() + 2, THINGS);
        Self {
            poll: Some(poll),
            fork: Some(fork),
            others,
        }
    }

    fn drop_one(&mut self, which: usize) {
        match which {
            0 => self.poll = None,
            1 => self.fork = None,
            _ => self.others[which - 2] = None,
        }
    }

    /// Polls the objects that are left.
    fn look(&mut self) {
        if let Some(poll) = &mut self.poll {
            look(poll);
        }
        if let Some(fork) = &self.fork {
            let mut events = Events::with_capacity(2);
            fork.select(&mut events, Some(Duration::ZERO))
                .expect("select");
        }
    }
}

/// Collects the objects.
type Keep<'a> = &'a mut dyn FnMut(Box<dyn Any>);

/// Adds a listener, a connection that is not accepted, both ends of a connection, a connection of
/// libc, one with unsent bytes, one that was peeked at, and their other ends.
fn streams(registry: &Registry, keep: Keep<'_>) {
    let mut listener = TcpListener::bind(local()).expect("bind");
    let address = listener.local_addr().expect("an address");
    let (mut connected, mut accepted) = pair(&mut listener, address);
    let (mut silent, mut full) = pair(&mut listener, address);
    full.set_send_buffer_size(4096).expect("set");
    say(&full, "connected");
    hear(&mut silent, 9);
    silent.set_recv_buffer_size(4096).expect("set");
    assert!(fill(&full) > 0);
    let (mut peeked, mut speaker) = pair(&mut listener, address);
    speaker.write_all(b"hello").expect("room");
    hear_some(&mut peeked);
    assert!(peeked.peek(&mut [0; 2]).expect("bytes") > 0);
    let mut connecting = TcpStream::connect(address).expect("connect");
    let std = std::net::TcpStream::connect(address).expect("connect");
    std.set_nonblocking(true).expect("non-blocking");
    let mut std = TcpStream::from_std(std);
    register(registry, &mut listener, 1, Interest::READABLE);
    for (token, stream) in [
        &mut connected,
        &mut accepted,
        &mut full,
        &mut peeked,
        &mut connecting,
        &mut std,
    ]
    .into_iter()
    .enumerate()
    {
        register(registry, stream, 10 + token, BOTH);
    }
    keep(Box::new(listener));
    for stream in [
        connected, accepted, full, silent, peeked, speaker, connecting, std,
    ] {
        keep(Box::new(stream));
    }
}

/// Adds a UDP socket that was connected while it was registered, and one that was peeked at.
fn datagrams(registry: &Registry, keep: Keep<'_>) {
    let mut connected = UdpSocket::bind(local()).expect("bind");
    let mut peeked = UdpSocket::bind(local()).expect("bind");
    register(registry, &mut connected, 2, BOTH);
    let address = peeked.local_addr().expect("an address");
    // This replaces its streams.
    connected.connect(address).expect("connect");
    connected.send(b"hello").expect("send");
    let mut driver = Driver::with_capacity(1);
    driver.register(&mut peeked, 0, Interest::READABLE);
    while peeked.peek_from(&mut [0; 8]).is_err() {
        driver.expect(0);
    }
    driver.deregister(&mut peeked);
    register(registry, &mut peeked, 3, BOTH);
    keep(Box::new(connected));
    keep(Box::new(peeked));
}

/// Adds look-ups, a request that is never answered, and a body that never ends, with its sender.
fn exchanges(registry: &Registry, keep: Keep<'_>) {
    let mut name = lookup("localhost").expect("start");
    let mut literal = lookup("::1").expect("start");
    register(registry, &mut name, 4, Interest::READABLE);
    register(registry, &mut literal, 5, Interest::READABLE);
    let (body, mut answering) = body(registry);
    register(registry, &mut answering, 9, BOTH);
    let nobody = TcpListener::bind(local()).expect("bind");
    let address = nobody.local_addr().expect("an address");
    let request = http::get(&address.to_string(), registry, Token(6));
    keep(Box::new(name));
    keep(Box::new(literal));
    keep(Box::new(request));
    keep(Box::new(nobody));
    keep(Box::new(body));
    keep(Box::new(answering));
}

/// Adds a timer, a waker, standard input and a clone of the registry.
fn own(registry: &Registry, keep: Keep<'_>) {
    let mut timer = Timer::periodic(Duration::from_millis(1));
    register(registry, &mut timer, 7, Interest::READABLE);
    let waker = Waker::new(registry, Token(20)).expect("a waker");
    waker.wake().expect("wake");
    let mut stdin = stdio::stdin().expect("standard input");
    register(registry, &mut stdin, 21, Interest::READABLE);
    keep(Box::new(timer));
    keep(Box::new(waker));
    keep(Box::new(stdin));
    keep(Box::new(registry.try_clone().expect("a clone")));
}

fn register(
    registry: &Registry,
    source: &mut impl wasio::event::Source,
    token: usize,
    interests: Interest,
) {
    registry
        .register(source, Token(token), interests)
        .expect("register");
}

fn pair(listener: &mut TcpListener, address: SocketAddr) -> (TcpStream, TcpStream) {
    let connected = TcpStream::connect(address).expect("connect");
    (connected, accept(listener))
}

/// Returns a response of which the head and a part of the body have arrived.
fn body(registry: &Registry) -> (Body, TcpStream) {
    let mut listener = TcpListener::bind(local()).expect("bind");
    let address = listener.local_addr().expect("an address");
    let mut driver = Driver::default();
    let mut sent = http::get(&address.to_string(), driver.poll.registry(), Token(0));
    let mut server = accept(&mut listener);
    driver.register(&mut server, 1, Interest::READABLE);
    while server.read(&mut [0; 1024]).is_err() {
        driver.expect(1);
    }
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\npart";
    server.write_all(head).expect("room");
    driver.deregister(&mut server);
    loop {
        driver.expect(0);
        match sent.answer(registry, Token(8)) {
            Ok(body) => return (body, server),
            Err(again) => sent = again,
        }
    }
}

fn look(poll: &mut Poll) {
    let mut events = Events::with_capacity(2);
    poll.poll(&mut events, Some(Duration::ZERO)).expect("poll");
}

fn main() {
    // Each object is dropped at least once as the first, as the second and so on, before and after
    // polls.
    let mut orders = 0;
    for polls in [0, 1, 4] {
        for step in 1..THINGS {
            for first in 0..THINGS {
                let mut all = All::new(polls);
                for turn in 0..THINGS {
                    all.drop_one((first + turn * step) % THINGS);
                    all.look();
                }
                orders += 1;
            }
        }
    }
    println!("{orders} orders");
}
