//! Who may be registered when, and that what is out stays silent.
#![cfg(feature = "net")]

mod util;

use std::io::{ErrorKind, Write};
use std::net;
#[cfg(unix)]
use std::os::fd::AsFd;
use std::thread;
use std::time::Instant;

use util::{
    assert_error, assert_prompt, assert_silent, bounded, connection, one_event, poll_beside_others,
    wait_until_busy,
};
use wasio::net::TcpStream;
use wasio::{Events, Interest, Poll, Token};

fn new_poll() -> (Poll, Events) {
    (Poll::new().unwrap(), Events::with_capacity(8))
}

/// A connection that is registered for reading, and its peer.
fn registered(poll: &Poll) -> (TcpStream, net::TcpStream) {
    let (mut ours, peer) = connection();
    poll.registry()
        .register(&mut ours, Token(0), Interest::READABLE)
        .unwrap();
    (ours, peer)
}

#[test]
fn registering_twice_is_already_exists() {
    bounded(|| {
        let (poll, _) = new_poll();
        let (mut ours, _peer) = connection();
        let registry = poll.registry();
        registry
            .register(&mut ours, Token(0), Interest::READABLE)
            .unwrap();
        let again = registry.register(&mut ours, Token(1), Interest::READABLE);
        assert_error(again, ErrorKind::AlreadyExists);
    });
}

#[test]
fn changing_or_removing_what_is_not_registered_is_not_found() {
    bounded(|| {
        let (poll, _) = new_poll();
        let (mut ours, _peer) = connection();
        let registry = poll.registry();
        let changed = registry.reregister(&mut ours, Token(0), Interest::READABLE);
        assert_error(changed, ErrorKind::NotFound);
        assert_error(registry.deregister(&mut ours), ErrorKind::NotFound);

        registry
            .register(&mut ours, Token(0), Interest::READABLE)
            .unwrap();
        registry.deregister(&mut ours).unwrap();
        assert_error(registry.deregister(&mut ours), ErrorKind::NotFound);
        let changed = registry.reregister(&mut ours, Token(0), Interest::READABLE);
        assert_error(changed, ErrorKind::NotFound);
    });
}

#[test]
fn a_source_stays_with_its_registry() {
    bounded(|| {
        let (poll, _) = new_poll();
        let (other, _) = new_poll();
        let (mut ours, _peer) = connection();
        poll.registry()
            .register(&mut ours, Token(0), Interest::READABLE)
            .unwrap();
        let other = other.registry();
        let elsewhere = other.register(&mut ours, Token(0), Interest::READABLE);
        assert_error(elsewhere, ErrorKind::AlreadyExists);
        let elsewhere = other.reregister(&mut ours, Token(0), Interest::READABLE);
        assert_error(elsewhere, ErrorKind::AlreadyExists);
        assert_error(other.deregister(&mut ours), ErrorKind::NotFound);
        // A clone of its own registry is the same one.
        let clone = poll.registry().try_clone().unwrap();
        clone.deregister(&mut ours).unwrap();
        other
            .register(&mut ours, Token(0), Interest::READABLE)
            .unwrap();
    });
}

/// Programs match on mio's messages, so these must keep the same first words.
#[test]
fn registration_errors_begin_with_the_words_of_mio() {
    bounded(|| {
        let (poll, _) = new_poll();
        let (other, _) = new_poll();
        let (mut ours, _peer) = connection();
        let registry = poll.registry();
        let missing = registry.deregister(&mut ours);
        assert_begins(missing, "I/O source not registered with `Registry`");
        registry
            .register(&mut ours, Token(0), Interest::READABLE)
            .unwrap();
        let again = registry.register(&mut ours, Token(0), Interest::READABLE);
        assert_begins(again, "I/O source already registered with a `Registry`");
        let elsewhere = other
            .registry()
            .reregister(&mut ours, Token(0), Interest::READABLE);
        let words = "I/O source already registered with a different `Registry`";
        assert_begins(elsewhere, words);
    });
}

#[cfg(unix)]
#[test]
fn registration_errors_of_a_selector_name_the_descriptor() {
    use std::os::fd::AsRawFd;
    bounded(|| {
        let (ours, _peer) = connection();
        let descriptor = ours.as_raw_fd();
        let selector = wasio::Selector::new().unwrap();
        let missing = selector.deregister(descriptor);
        let words = format!("I/O source not registered with `Registry`: descriptor {descriptor}");
        assert_begins(missing, &words);
        selector
            .register(descriptor, Token(0), Interest::READABLE)
            .unwrap();
        let again = selector.register(descriptor, Token(0), Interest::READABLE);
        let words =
            format!("I/O source already registered with a `Registry`: descriptor {descriptor}");
        assert_begins(again, &words);
        selector.deregister(descriptor).unwrap();
    });
}

fn assert_begins(result: std::io::Result<()>, words: &str) {
    let message = result.unwrap_err().to_string();
    assert!(message.starts_with(words), "{message}");
}

#[test]
fn a_source_that_was_taken_out_is_silent() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let (mut ours, mut peer) = connection();
        poll.registry()
            .register(&mut ours, Token(0), Interest::READABLE)
            .unwrap();
        peer.write_all(b"x").unwrap();
        poll.registry().deregister(&mut ours).unwrap();
        assert_silent(&mut poll, &mut events);
    });
}

#[test]
fn the_event_of_a_source_that_is_gone_never_reaches_the_next_one() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        for token in 0..100 {
            let (mut ready, mut peer) = connection();
            poll.registry()
                .register(&mut ready, Token(token), Interest::READABLE)
                .unwrap();
            peer.write_all(b"x").unwrap();
            // The system forgets a descriptor only when its socket is closed: this keeps it open.
            #[cfg(unix)]
            let _open = ready.as_fd().try_clone_to_owned().unwrap();
            drop(ready);
            // It takes the place, and likely the descriptor, of the one that was ready.
            let (mut idle, _peer) = connection();
            poll.registry()
                .register(&mut idle, Token(1000), Interest::READABLE)
                .unwrap();
            poll.poll(&mut events, Some(std::time::Duration::ZERO))
                .unwrap();
            assert!(events.is_empty(), "{events:?}");
        }
    });
}

#[test]
fn dropping_a_source_takes_it_out() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let (ours, _peer) = registered(&poll);
        drop(ours);
        // Nothing is left to wait for.
        assert_error(poll.poll(&mut events, None), ErrorKind::InvalidInput);
    });
}

#[test]
fn converting_a_source_takes_it_out() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let (mut ours, _peer) = connection();
        poll.registry()
            .register(&mut ours, Token(0), Interest::READABLE)
            .unwrap();
        let ours = net::TcpStream::from(ours);
        assert_error(poll.poll(&mut events, None), ErrorKind::InvalidInput);
        let mut ours = TcpStream::from_std(ours);
        poll.registry()
            .register(&mut ours, Token(0), Interest::READABLE)
            .unwrap();
    });
}

#[test]
fn reregistering_replaces_token_and_interests() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let (mut ours, mut peer) = connection();
        poll.registry()
            .register(&mut ours, Token(0), Interest::READABLE)
            .unwrap();
        assert_silent(&mut poll, &mut events);
        poll.registry()
            .reregister(&mut ours, Token(1), Interest::WRITABLE)
            .unwrap();
        let event = one_event(&mut poll, &mut events);
        assert_eq!(event.token(), Token(1));
        assert!(event.is_writable() && !event.is_readable());
        peer.write_all(b"x").unwrap();
        assert_silent(&mut poll, &mut events);
    });
}

#[test]
fn every_token_value_is_the_callers() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        for token in [0, 1, usize::MAX / 2, usize::MAX - 1, usize::MAX] {
            let (mut ours, mut peer) = connection();
            poll.registry()
                .register(&mut ours, Token(token), Interest::READABLE)
                .unwrap();
            peer.write_all(b"x").unwrap();
            let event = one_event(&mut poll, &mut events);
            assert_eq!(event.token(), Token(token));
        }
    });
}

#[test]
fn two_sources_may_share_a_token() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let (mut first, mut first_peer) = connection();
        let (mut second, mut second_peer) = connection();
        for source in [&mut first, &mut second] {
            poll.registry()
                .register(source, Token(3), Interest::READABLE)
                .unwrap();
        }
        first_peer.write_all(b"x").unwrap();
        assert_eq!(one_event(&mut poll, &mut events).token(), Token(3));
        second_peer.write_all(b"x").unwrap();
        assert_eq!(one_event(&mut poll, &mut events).token(), Token(3));
    });
}

#[cfg(unix)]
#[test]
fn a_descriptor_that_is_not_open_is_the_hosts_error_and_not_registered() {
    bounded(|| {
        const EBADF: i32 = 9;
        let (mut poll, mut events) = new_poll();
        let selector = poll.registry().selector();
        for descriptor in [-1, i32::MIN, i32::MAX, 1_000_000] {
            let refused = selector.register(descriptor, Token(0), Interest::READABLE);
            assert_eq!(refused.unwrap_err().raw_os_error(), Some(EBADF));
            let changed = selector.reregister(descriptor, Token(0), Interest::READABLE);
            assert_error(changed, ErrorKind::NotFound);
            assert_error(selector.deregister(descriptor), ErrorKind::NotFound);
        }
        assert_error(poll.poll(&mut events, None), ErrorKind::InvalidInput);
    });
}

#[cfg(unix)]
#[test]
fn a_descriptor_is_registered_once_whatever_registers_it() {
    use std::os::fd::AsRawFd;

    bounded(|| {
        let (poll, _) = new_poll();
        let (mut ours, _peer) = connection();
        let descriptor = ours.as_raw_fd();
        let registry = poll.registry();
        registry
            .register(&mut ours, Token(0), Interest::READABLE)
            .unwrap();
        let again = registry
            .selector()
            .register(descriptor, Token(1), Interest::READABLE);
        assert_error(again, ErrorKind::AlreadyExists);
        // Taken out by number, the source itself finds that it is out.
        registry.selector().deregister(descriptor).unwrap();
        assert_error(registry.deregister(&mut ours), ErrorKind::NotFound);
        registry
            .register(&mut ours, Token(0), Interest::READABLE)
            .unwrap();
    });
}

// kqueue takes the number that is used again for the one that was registered.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn a_source_that_is_replaced_while_registered_harms_no_other() {
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    use wasio::IoSource;

    bounded(|| {
        let (mut poll, mut events) = new_poll();
        // Far from the numbers that other tests use at the same time.
        let at_700 = |stream: &UnixStream| {
            UnixStream::from(rustix::io::fcntl_dupfd_cloexec(stream, 700).unwrap())
        };
        let (first, _first_peer) = UnixStream::pair().unwrap();
        let mut replaced = IoSource::new(at_700(&first));
        let number = replaced.as_raw_fd();
        drop(first);
        poll.registry()
            .register(&mut replaced, Token(0), Interest::READABLE)
            .unwrap();
        let (other, mut other_peer) = UnixStream::pair().unwrap();
        *replaced = other;

        let (next, mut next_peer) = UnixStream::pair().unwrap();
        let mut next = IoSource::new(at_700(&next));
        assert_eq!(next.as_raw_fd(), number);
        poll.registry()
            .register(&mut next, Token(1), Interest::READABLE)
            .unwrap();
        other_peer.write_all(b"x").unwrap();
        next_peer.write_all(b"x").unwrap();
        assert_eq!(one_event(&mut poll, &mut events).token(), Token(1));
        let gone = poll.registry().deregister(&mut replaced);
        assert_error(gone, ErrorKind::NotFound);
        next.do_io_with(Interest::READABLE, |_| -> std::io::Result<()> {
            Err(ErrorKind::WouldBlock.into())
        })
        .unwrap_err();
        next_peer.write_all(b"x").unwrap();
        assert_eq!(one_event(&mut poll, &mut events).token(), Token(1));
    });
}

#[test]
fn a_source_registered_while_another_thread_polls_is_seen() {
    bounded(|| {
        let mut delays = Vec::new();
        for _ in 0..20 {
            let (mut poll, mut events) = new_poll();
            // Something to wait for, that never happens.
            let (mut idle, _idle_peer) = connection();
            poll.registry()
                .register(&mut idle, Token(0), Interest::READABLE)
                .unwrap();
            let registry = poll.registry().try_clone().unwrap();
            let polling = thread::spawn(move || {
                poll_beside_others(&mut poll, &mut events);
                (events.iter().next().unwrap().token(), Instant::now())
            });
            wait_until_busy(registry.selector());
            let (mut ours, mut peer) = connection();
            peer.write_all(b"x").unwrap();
            let registered = Instant::now();
            registry
                .register(&mut ours, Token(1), Interest::READABLE)
                .unwrap();
            let (token, seen) = polling.join().unwrap();
            assert_eq!(token, Token(1));
            delays.push(seen.saturating_duration_since(registered));
        }
        assert_prompt(delays);
    });
}

#[test]
fn sources_come_and_go_while_another_thread_polls() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let waker = wasio::Waker::new(poll.registry(), Token(usize::MAX)).unwrap();
        let registry = poll.registry().try_clone().unwrap();
        let polling = thread::spawn(move || {
            loop {
                let found = util::poll(&mut poll, &mut events);
                if found.iter().any(|event| event.token() == Token(usize::MAX)) {
                    return;
                }
            }
        });
        let (mut ours, mut peer) = connection();
        peer.write_all(b"x").unwrap();
        for token in 0..1000 {
            registry
                .register(&mut ours, Token(token), Interest::READABLE)
                .unwrap();
            registry
                .reregister(&mut ours, Token(token), Interest::WRITABLE)
                .unwrap();
            registry.deregister(&mut ours).unwrap();
        }
        waker.wake().unwrap();
        polling.join().unwrap();
    });
}

/// Nothing can end the wait any more, so it ends with the error of a poll that has nothing to wait for.
#[test]
fn a_wait_ends_when_another_thread_drops_the_last_source() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let (ours, _peer) = registered(&poll);
        let mut timer = wasio::time::Timer::new();
        poll.registry()
            .register(&mut timer, Token(1), Interest::READABLE)
            .unwrap();
        let other = thread::spawn(move || {
            // Most often the poll waits by then. A handle that could tell would end it otherwise; and
            // before it the error is the same.
            thread::sleep(std::time::Duration::from_millis(20));
            drop(ours);
            drop(timer);
        });
        assert_error(poll.poll(&mut events, None), ErrorKind::InvalidInput);
        other.join().unwrap();
    });
}
