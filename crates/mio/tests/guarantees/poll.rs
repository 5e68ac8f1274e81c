//! `Poll`, `Registry`, `Events`.

use std::io::{ErrorKind, Write};
use std::os::fd::AsRawFd;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use mio::net::UnixStream;
use mio::unix::SourceFd;
use mio::{Interest, Token};

use super::{BOTH, LIMIT, Loop, SILENCE, drain};

#[test]
fn a_timeout_is_never_early_and_leaves_no_events() {
    let mut waiting = Loop::new();
    let start = Instant::now();
    assert!(waiting.poll(SILENCE).is_empty());
    let took = start.elapsed();
    assert!(took >= SILENCE && took < LIMIT, "{took:?}");
}

#[test]
fn events_hold_what_the_last_poll_found_and_no_more_than_their_capacity() {
    let mut waiting = Loop::with_capacity(2);
    let mut pairs = Vec::new();
    for token in 0..5 {
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        waiting.register(&mut ours, token, Interest::READABLE);
        theirs.write_all(b"x").unwrap();
        pairs.push((ours, theirs));
    }
    let mut tokens = Vec::new();
    while tokens.len() < pairs.len() {
        let events = waiting.poll(LIMIT);
        assert!((1..=2).contains(&events.len()), "{events:?}");
        tokens.extend(events.iter().map(|event| event.token().0));
    }
    tokens.sort_unstable();
    assert_eq!(tokens, [0, 1, 2, 3, 4]);
    waiting.assert_silent();
}

#[test]
fn a_source_is_never_ready_before_it_is_registered() {
    let mut waiting = Loop::new();
    let (mut ours, mut theirs) = UnixStream::pair().unwrap();
    theirs.write_all(b"x").unwrap();
    waiting.assert_silent();
    waiting.register(&mut ours, usize::MAX, Interest::READABLE);
    waiting.wait(usize::MAX, |event| event.is_readable());
}

#[test]
fn an_event_comes_again_for_new_data_after_the_source_was_drained() {
    let mut waiting = Loop::new();
    let (mut ours, mut theirs) = UnixStream::pair().unwrap();
    waiting.register(&mut ours, 1, Interest::READABLE);
    for _ in 0..3 {
        theirs.write_all(b"x").unwrap();
        waiting.wait(1, |event| event.is_readable());
        assert_eq!(drain(&ours), b"x");
        waiting.assert_silent();
    }
}

#[test]
fn reregistering_replaces_token_and_interests() {
    let mut waiting = Loop::new();
    let (mut ours, mut theirs) = UnixStream::pair().unwrap();
    waiting.register(&mut ours, 1, Interest::READABLE);
    waiting.assert_silent();
    let registry = waiting.poll.registry();
    registry
        .reregister(&mut ours, Token(2), Interest::WRITABLE)
        .unwrap();
    let events = waiting.poll(LIMIT);
    assert_eq!(events.len(), 1, "{events:?}");
    assert!(events[0].token() == Token(2) && events[0].is_writable());
    // Reading is not asked for any more.
    theirs.write_all(b"x").unwrap();
    let events = waiting.poll(SILENCE);
    assert!(events.iter().all(|event| !event.is_readable()));
}

#[test]
fn a_source_that_was_deregistered_or_dropped_gives_no_event() {
    let mut waiting = Loop::new();
    let (mut ours, mut theirs) = UnixStream::pair().unwrap();
    waiting.register(&mut ours, 1, BOTH);
    let (mut dropped, mut other) = UnixStream::pair().unwrap();
    waiting.register(&mut dropped, 2, Interest::READABLE);
    theirs.write_all(b"x").unwrap();
    other.write_all(b"x").unwrap();
    waiting.poll.registry().deregister(&mut ours).unwrap();
    drop(dropped);
    waiting.assert_silent();
    waiting.register(&mut ours, 3, Interest::READABLE);
    waiting.wait(3, |event| event.is_readable());
}

#[test]
fn registering_twice_and_deregistering_what_is_not_there_are_errors() {
    let waiting = Loop::new();
    let registry = waiting.poll.registry();
    let (mut ours, _theirs) = UnixStream::pair().unwrap();
    registry
        .register(&mut ours, Token(1), Interest::READABLE)
        .unwrap();
    let twice = registry.register(&mut ours, Token(1), Interest::READABLE);
    assert_eq!(twice.unwrap_err().kind(), ErrorKind::AlreadyExists);
    registry.deregister(&mut ours).unwrap();
    let again = registry.deregister(&mut ours);
    assert_eq!(again.unwrap_err().kind(), ErrorKind::NotFound);
    let missing = registry.reregister(&mut ours, Token(1), Interest::READABLE);
    assert_eq!(missing.unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn another_thread_registers_during_a_poll() {
    let mut waiting = Loop::new();
    // Something to wait for that never comes.
    let (mut quiet, _peer) = UnixStream::pair().unwrap();
    waiting.register(&mut quiet, 1, Interest::READABLE);
    let registry = waiting.poll.registry().try_clone().unwrap();
    let (send, receive) = mpsc::channel();
    let thread = thread::spawn(move || {
        receive.recv().unwrap();
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        registry
            .register(&mut ours, Token(2), Interest::READABLE)
            .unwrap();
        theirs.write_all(b"x").unwrap();
        (ours, theirs)
    });
    send.send(()).unwrap();
    waiting.wait(2, |event| event.is_readable());
    thread.join().unwrap();
}

#[test]
fn source_fd_is_edge_triggered() {
    let mut waiting = Loop::new();
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let descriptor = ours.as_raw_fd();
    waiting.register(&mut SourceFd(&descriptor), 1, BOTH);
    waiting.wait(1, |event| event.is_writable());
    waiting.assert_silent();
    for _ in 0..2 {
        // New data is a new edge, drained or not.
        theirs.write_all(b"x").unwrap();
        waiting.wait(1, |event| event.is_readable());
        waiting.assert_silent();
    }
    assert_eq!(drain(&ours), b"xx");
    let registry = waiting.poll.registry();
    registry.deregister(&mut SourceFd(&descriptor)).unwrap();
    theirs.write_all(b"x").unwrap();
    waiting.assert_silent();
}

#[test]
fn the_descriptor_of_a_poll_is_readable_when_a_source_is_ready() {
    let mut inner = Loop::new();
    let (mut ours, mut theirs) = UnixStream::pair().unwrap();
    inner.register(&mut ours, 1, Interest::READABLE);
    let mut outer = Loop::new();
    let descriptor = inner.poll.as_raw_fd();
    outer.register(&mut SourceFd(&descriptor), 2, Interest::READABLE);
    outer.assert_silent();
    theirs.write_all(b"x").unwrap();
    outer.wait(2, |event| event.is_readable());
    inner.wait(1, |event| event.is_readable());
}

/// epoll forgets what is closed, and programs rely on it.
#[cfg(target_os = "linux")]
#[test]
fn a_number_that_was_closed_while_registered_may_be_registered_again() {
    let mut waiting = Loop::new();
    let (first, _peer) = UnixStream::pair().unwrap();
    let number = first.as_raw_fd();
    waiting.register(&mut SourceFd(&number), 1, Interest::READABLE);
    let registry = waiting.poll.registry();
    let twice = registry.register(&mut SourceFd(&number), Token(2), Interest::READABLE);
    assert_eq!(twice.unwrap_err().kind(), ErrorKind::AlreadyExists);

    let (second, mut theirs) = UnixStream::pair().unwrap();
    // The number is another socket's now, and at no moment a third one's.
    let second = rename(second, first);
    assert_eq!(second.as_raw_fd(), number);
    waiting.register(&mut SourceFd(&number), 3, Interest::READABLE);
    theirs.write_all(b"x").unwrap();
    waiting.wait(3, |event| event.is_readable());
    assert_eq!(drain(&second), b"x");
}

/// Gives `from` the number of `to`, which is closed.
#[cfg(target_os = "linux")]
fn rename(from: UnixStream, to: UnixStream) -> UnixStream {
    let mut number = std::os::fd::OwnedFd::from(to);
    rustix::io::dup2(&from, &mut number).unwrap();
    UnixStream::from(number)
}
