//! What is here and not in mio, on WASI.
#![cfg(target_os = "wasi")]

use std::io;

use mio::event::Event;
use mio::{Events, Poll, Registry, Token, Waker};

const _: () = {
    let _: fn(&Registry, Token) -> io::Result<Waker> = Waker::new;
    let _: fn(&Waker) -> io::Result<()> = Waker::wake;
};

#[test]
fn a_wake_is_an_event_of_the_next_poll() {
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(8);
    let waker = Waker::new(poll.registry(), Token(7)).unwrap();
    waker.wake().unwrap();
    poll.poll(&mut events, None).unwrap();
    let tokens: Vec<Token> = events.iter().map(Event::token).collect();
    assert_eq!(tokens, [Token(7)]);
}

#[test]
#[ignore = "needs threads, as on wasm32-wasip1-threads"]
fn a_wake_of_another_thread_ends_a_wait() {
    let mut poll = Poll::new().unwrap();
    let waker = Waker::new(poll.registry(), Token(7)).unwrap();
    let (arrived, waits) = std::sync::mpsc::channel();
    let waiting = std::thread::spawn(move || {
        let mut events = Events::with_capacity(8);
        for _ in 0..100 {
            arrived.send(()).unwrap();
            poll.poll(&mut events, None).unwrap();
            let tokens: Vec<Token> = events.iter().map(Event::token).collect();
            assert_eq!(tokens, [Token(7)]);
        }
    });
    for _ in 0..100 {
        waits.recv().unwrap();
        waker.wake().unwrap();
    }
    waiting.join().unwrap();
}

#[cfg(feature = "os-ext")]
const _: () = {
    const fn is_source<T: mio::event::Source>() {}
    is_source::<mio::wasi::SourceFd<'_>>();
};

#[cfg(all(feature = "net", target_env = "p1"))]
#[test]
fn sockets_that_are_refused_at_run_time() {
    let address = "127.0.0.1:0".parse().unwrap();
    let errors = [
        mio::net::TcpListener::bind(address).map(drop).unwrap_err(),
        mio::net::TcpStream::connect(address).map(drop).unwrap_err(),
        mio::net::UdpSocket::bind(address).map(drop).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
    }
}
