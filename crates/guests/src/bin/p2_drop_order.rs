//! Dropping things in every order, registered and in mid-operation, never traps: the host ends a
//! program that drops a parent before its children, or waits for what is gone.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use wasio::net::{Lookup, TcpListener, TcpStream, UdpSocket, lookup};
use wasio::{Events, Interest, Poll, Registry, Token};
use wasio_guests::driver::{BOTH, Driver, accept};
use wasio_guests::http::{self, Body, Sent};

/// Everything that may go, in a place each.
struct All {
    poll: Option<Poll>,
    fork: Option<wasio::Selector>,
    listener: Option<TcpListener>,
    connecting: Option<TcpStream>,
    connected: Option<TcpStream>,
    accepted: Option<TcpStream>,
    udp: Option<UdpSocket>,
    looking_up: Option<Lookup>,
    literal: Option<Lookup>,
    /// A request that is never answered.
    request: Option<Sent>,
    /// A body that never ends, and who sends it.
    body: Option<Body>,
    answering: Option<TcpStream>,
}

const THINGS: usize = 12;

impl All {
    fn new(polls: usize) -> Self {
        let local = "127.0.0.1:0".parse().expect("an address");
        let mut poll = Poll::new().expect("a poll");
        let registry = poll.registry();
        let mut listener = TcpListener::bind(local).expect("bind");
        let address = listener.local_addr().expect("an address");
        let (mut connected, mut accepted) = pair(&mut listener, address);
        let mut connecting = TcpStream::connect(address).expect("connect");
        let mut udp = UdpSocket::bind(local).expect("bind");
        let mut looking_up = lookup("localhost").expect("start");
        let mut literal = lookup("::1").expect("start");
        register(registry, &mut listener, 1, Interest::READABLE);
        register(registry, &mut connecting, 2, BOTH);
        register(registry, &mut connected, 3, BOTH);
        register(registry, &mut accepted, 4, BOTH);
        register(registry, &mut udp, 5, BOTH);
        register(registry, &mut looking_up, 6, Interest::READABLE);
        register(registry, &mut literal, 7, Interest::READABLE);
        // A connected socket has other streams.
        udp.connect(address).expect("connect");
        let (body, mut answering) = body(registry);
        register(registry, &mut answering, 9, BOTH);
        let request = http::get(&address.to_string(), registry, Token(10));
        let fork = registry.selector().fork().expect("a fork");
        for _ in 0..polls {
            look(&mut poll);
        }
        Self {
            poll: Some(poll),
            fork: Some(fork),
            listener: Some(listener),
            connecting: Some(connecting),
            connected: Some(connected),
            accepted: Some(accepted),
            udp: Some(udp),
            looking_up: Some(looking_up),
            literal: Some(literal),
            request: Some(request),
            body: Some(body),
            answering: Some(answering),
        }
    }

    fn drop_one(&mut self, which: usize) {
        match which {
            0 => self.poll = None,
            1 => self.fork = None,
            2 => self.listener = None,
            3 => self.connecting = None,
            4 => self.connected = None,
            5 => self.accepted = None,
            6 => self.udp = None,
            7 => self.looking_up = None,
            8 => self.literal = None,
            9 => self.request = None,
            10 => self.body = None,
            _ => self.answering = None,
        }
    }

    /// Waits for what is left.
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

/// A response of which the head and a part of the body have come.
fn body(registry: &Registry) -> (Body, TcpStream) {
    let local = "127.0.0.1:0".parse().expect("an address");
    let mut listener = TcpListener::bind(local).expect("bind");
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
    let result = driver.poll.registry().deregister(&mut server);
    result.expect("deregister");
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
    // Each thing is the first, second … to go once at least, before and after polls. 12 has common
    // divisors with some steps: 13 turns reach each thing, and the one that is none changes nothing.
    const TURNS: usize = THINGS + 1;
    let mut orders = 0;
    for polls in [0, 1, 4] {
        for step in 1..TURNS {
            for first in 0..TURNS {
                let mut all = All::new(polls);
                for turn in 0..TURNS {
                    match (first + turn * step) % TURNS {
                        THINGS => {}
                        which => all.drop_one(which),
                    }
                    all.look();
                }
                orders += 1;
            }
        }
    }
    println!("{orders} orders");
}
