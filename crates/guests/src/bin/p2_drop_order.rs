//! Dropping things in every order, registered and in mid-operation, never traps: the host ends a
//! program that drops a parent before its children, or waits for what is gone.

use std::time::Duration;

use wasio::net::{TcpListener, TcpStream, UdpSocket};
use wasio::{Events, Interest, Poll, Token};
use wasio_guests::driver::{BOTH, accept};

/// Everything that may go, in a place each.
struct All {
    poll: Option<Poll>,
    fork: Option<wasio::Selector>,
    listener: Option<TcpListener>,
    connecting: Option<TcpStream>,
    connected: Option<TcpStream>,
    accepted: Option<TcpStream>,
    udp: Option<UdpSocket>,
}

const THINGS: usize = 7;

impl All {
    fn new(polls: usize) -> Self {
        let local = "127.0.0.1:0".parse().expect("an address");
        let mut listener = TcpListener::bind(local).expect("bind");
        let address = listener.local_addr().expect("an address");
        let mut connected = TcpStream::connect(address).expect("connect");
        let mut accepted = accept(&mut listener);
        let mut connecting = TcpStream::connect(address).expect("connect");
        let mut udp = UdpSocket::bind(local).expect("bind");
        let mut poll = Poll::new().expect("a poll");
        let registry = poll.registry();
        registry
            .register(&mut listener, Token(1), Interest::READABLE)
            .expect("register");
        registry
            .register(&mut connecting, Token(2), BOTH)
            .expect("register");
        registry
            .register(&mut connected, Token(3), BOTH)
            .expect("register");
        registry
            .register(&mut accepted, Token(4), BOTH)
            .expect("register");
        registry
            .register(&mut udp, Token(5), BOTH)
            .expect("register");
        // A connected socket has other streams.
        udp.connect(address).expect("connect");
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
            _ => self.udp = None,
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

fn look(poll: &mut Poll) {
    let mut events = Events::with_capacity(2);
    poll.poll(&mut events, Some(Duration::ZERO)).expect("poll");
}

fn main() {
    // Each thing is the first, second … to go once at least, before and after polls.
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
