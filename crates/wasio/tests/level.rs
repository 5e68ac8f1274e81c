//! The low-level side: descriptors by number, level-triggered and one-shot, files, forks.
#![cfg(unix)]

mod util;

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use util::{
    LIMIT, SILENCE, SLACK, assert_error, assert_prompt, assert_silent, bounded, drain, one_event,
    poll, poll_beside_others, wait_until_busy,
};
use wasio::time::Timer;
use wasio::{Events, Interest, IoSource, Mode, Poll, Selector, SourceFd, Token, Waker};

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

fn pair() -> (UnixStream, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    (ours, theirs)
}

fn new_poll() -> (Poll, Events) {
    (Poll::new().unwrap(), Events::with_capacity(8))
}

fn tokens(selector: &Selector, events: &mut Events, timeout: Duration) -> Vec<Token> {
    selector.select(events, Some(timeout)).unwrap();
    let mut tokens: Vec<_> = events.iter().map(|event| event.token()).collect();
    tokens.sort();
    tokens
}

/// This test program: a regular file that is there.
fn regular_file() -> File {
    File::open(std::env::current_exe().unwrap()).unwrap()
}

#[test]
fn a_descriptor_is_reported_for_as_long_as_it_is_ready() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let (ours, mut theirs) = pair();
        let descriptor = ours.as_raw_fd();
        let mut source = SourceFd(&descriptor);
        let registry = poll.registry();
        registry
            .register(&mut source, Token(5), Interest::READABLE)
            .unwrap();
        let again = registry.register(&mut source, Token(5), Interest::READABLE);
        assert_error(again, ErrorKind::AlreadyExists);
        theirs.write_all(b"x").unwrap();
        for _ in 0..5 {
            let event = one_event(&mut poll, &mut events);
            assert!(event.token() == Token(5) && event.is_readable());
        }
        assert_eq!(drain(&ours), b"x");
        assert_silent(&mut poll, &mut events);
        poll.registry()
            .reregister(&mut source, Token(6), Interest::WRITABLE)
            .unwrap();
        for _ in 0..5 {
            let event = one_event(&mut poll, &mut events);
            assert!(event.token() == Token(6) && event.is_writable());
        }
        poll.registry().deregister(&mut source).unwrap();
        assert_error(poll.registry().deregister(&mut source), ErrorKind::NotFound);
        assert_silent(&mut poll, &mut events);
    });
}

#[test]
fn a_one_shot_registration_gives_one_event_a_registration() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let (ours, mut theirs) = pair();
        let descriptor = ours.as_raw_fd();
        theirs.write_all(b"x").unwrap();
        let selector = poll.registry().selector();
        selector
            .register_with(descriptor, Token(0), BOTH, Mode::Oneshot)
            .unwrap();
        for token in 0..3 {
            let event = one_event(&mut poll, &mut events);
            assert_eq!(event.token(), Token(token));
            assert!(event.is_readable() && event.is_writable());
            // Neither what is there nor what is new is reported.
            theirs.write_all(b"x").unwrap();
            assert_silent(&mut poll, &mut events);
            let selector = poll.registry().selector();
            selector
                .reregister(descriptor, Token(token + 1), BOTH)
                .unwrap();
        }
    });
}

#[test]
fn a_registration_may_change_its_mode() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let (ours, mut theirs) = pair();
        let descriptor = ours.as_raw_fd();
        theirs.write_all(b"x").unwrap();
        let selector = poll.registry().try_clone().unwrap();
        let selector = selector.selector();
        selector
            .register(descriptor, Token(0), Interest::READABLE)
            .unwrap();
        let mut token = 0;
        for (mode, is_repeated) in [
            (Mode::Edge, false),
            (Mode::Level, true),
            (Mode::Oneshot, false),
            (Mode::Edge, false),
            (Mode::Oneshot, false),
            (Mode::Level, true),
        ] {
            token += 1;
            selector
                .reregister_with(descriptor, Token(token), Interest::READABLE, mode)
                .unwrap();
            let event = one_event(&mut poll, &mut events);
            assert_eq!(event.token(), Token(token), "{mode:?}");
            if is_repeated {
                one_event(&mut poll, &mut events);
            } else {
                assert_silent(&mut poll, &mut events);
            }
        }
    });
}

#[test]
fn a_regular_file_is_always_ready() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let file = regular_file();
        let null = File::options().write(true).open("/dev/null").unwrap();
        let (file_descriptor, null_descriptor) = (file.as_raw_fd(), null.as_raw_fd());
        let registry = poll.registry();
        registry
            .register(
                &mut SourceFd(&file_descriptor),
                Token(0),
                Interest::READABLE,
            )
            .unwrap();
        registry
            .register(
                &mut SourceFd(&null_descriptor),
                Token(1),
                Interest::WRITABLE,
            )
            .unwrap();
        for _ in 0..3 {
            let mut found = util::poll(&mut poll, &mut events);
            found.sort_by_key(wasio::event::Event::token);
            assert_eq!(found.len(), 2, "{found:?}");
            assert!(found[0].is_readable() && !found[0].is_writable());
            assert!(found[1].is_writable() && !found[1].is_readable());
        }
        let registry = poll.registry();
        registry
            .deregister(&mut SourceFd(&file_descriptor))
            .unwrap();
        registry
            .reregister(
                &mut SourceFd(&null_descriptor),
                Token(2),
                Interest::READABLE,
            )
            .unwrap();
        let event = one_event(&mut poll, &mut events);
        assert!(event.token() == Token(2) && event.is_readable() && !event.is_writable());
        poll.registry()
            .deregister(&mut SourceFd(&null_descriptor))
            .unwrap();
        assert_silent(&mut poll, &mut events);
    });
}

#[test]
fn a_regular_file_does_not_keep_the_sockets_out() {
    bounded(|| {
        let mut poll = Poll::new().unwrap();
        // Room for one: the file alone would fill it.
        let mut events = Events::with_capacity(1);
        let file = regular_file();
        let (ours, mut theirs) = pair();
        let (file_descriptor, descriptor) = (file.as_raw_fd(), ours.as_raw_fd());
        let mut timer = Timer::periodic(Duration::from_nanos(1));
        let registry = poll.registry();
        registry
            .register(
                &mut SourceFd(&file_descriptor),
                Token(0),
                Interest::READABLE,
            )
            .unwrap();
        registry
            .register(&mut SourceFd(&descriptor), Token(1), Interest::READABLE)
            .unwrap();
        registry
            .register(&mut timer, Token(2), Interest::READABLE)
            .unwrap();
        theirs.write_all(b"x").unwrap();
        let mut seen = [0; 3];
        for _ in 0..300 {
            seen[one_event(&mut poll, &mut events).token().0] += 1;
        }
        assert!(seen.iter().all(|count| *count >= 30), "{seen:?}");
    });
}

#[test]
fn files_take_turns_where_there_is_room_for_one() {
    bounded(|| {
        let mut poll = Poll::new().unwrap();
        let mut events = Events::with_capacity(1);
        let files = [regular_file(), regular_file(), regular_file()];
        for (token, file) in files.iter().enumerate() {
            poll.registry()
                .register(
                    &mut SourceFd(&file.as_raw_fd()),
                    Token(token),
                    Interest::READABLE,
                )
                .unwrap();
        }
        let mut seen = [0; 3];
        for _ in 0..30 {
            seen[one_event(&mut poll, &mut events).token().0] += 1;
        }
        assert_eq!(seen, [10; 3]);
    });
}

#[test]
fn a_one_shot_registration_of_a_file_gives_one_event() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let file = regular_file();
        let descriptor = file.as_raw_fd();
        let selector = poll.registry().selector();
        selector
            .register_with(descriptor, Token(0), Interest::READABLE, Mode::Oneshot)
            .unwrap();
        for token in 0..2 {
            assert_eq!(one_event(&mut poll, &mut events).token(), Token(token));
            assert_silent(&mut poll, &mut events);
            let selector = poll.registry().selector();
            selector
                .reregister(descriptor, Token(token + 1), Interest::READABLE)
                .unwrap();
        }
    });
}

#[test]
fn a_regular_file_as_an_io_source_is_silent_once_it_is_read() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let mut source = IoSource::new(regular_file());
        poll.registry()
            .register(&mut source, Token(0), Interest::READABLE)
            .unwrap();
        assert!(one_event(&mut poll, &mut events).is_readable());
        assert_silent(&mut poll, &mut events);
        let mut buffer = [0; 64];
        let read = source.do_io(|mut file| file.read(&mut buffer)).unwrap();
        assert_eq!(read, 64);
        assert_silent(&mut poll, &mut events);
        poll.registry()
            .reregister(&mut source, Token(1), Interest::READABLE)
            .unwrap();
        assert_eq!(one_event(&mut poll, &mut events).token(), Token(1));
    });
}

#[test]
fn a_regular_file_registered_while_another_thread_polls_ends_the_wait() {
    bounded(|| {
        let mut delays = Vec::new();
        for _ in 0..20 {
            let (mut poll, mut events) = new_poll();
            let _waker = Waker::new(poll.registry(), Token(9)).unwrap();
            let registry = poll.registry().try_clone().unwrap();
            let polling = thread::spawn(move || {
                poll_beside_others(&mut poll, &mut events);
                (events.iter().next().unwrap().token(), Instant::now())
            });
            wait_until_busy(registry.selector());
            let file = regular_file();
            let registered = Instant::now();
            registry
                .register(
                    &mut SourceFd(&file.as_raw_fd()),
                    Token(1),
                    Interest::READABLE,
                )
                .unwrap();
            let (token, seen) = polling.join().unwrap();
            assert_eq!(token, Token(1));
            delays.push(seen.saturating_duration_since(registered));
        }
        assert_prompt(delays);
    });
}

#[test]
fn a_clone_is_the_same_selector() {
    bounded(|| {
        let selector = Selector::new().unwrap();
        let clone = selector.try_clone().unwrap();
        let mut events = Events::with_capacity(8);
        let (ours, mut theirs) = pair();
        let descriptor = ours.as_raw_fd();
        clone
            .register(descriptor, Token(1), Interest::READABLE)
            .unwrap();
        let again = selector.register(descriptor, Token(1), Interest::READABLE);
        assert_error(again, ErrorKind::AlreadyExists);
        theirs.write_all(b"x").unwrap();
        assert_eq!(tokens(&selector, &mut events, LIMIT), [Token(1)]);
        drop(clone);
        assert_eq!(tokens(&selector, &mut events, LIMIT), [Token(1)]);
        selector.deregister(descriptor).unwrap();
    });
}

#[test]
fn a_fork_starts_with_the_same_registrations_and_then_goes_its_own_way() {
    bounded(|| {
        let selector = Selector::new().unwrap();
        let mut events = Events::with_capacity(8);
        let pairs: Vec<_> = (0..3).map(|_| pair()).collect();
        let descriptors: Vec<RawFd> = pairs.iter().map(|(ours, _)| ours.as_raw_fd()).collect();
        for (token, mode) in [(0, Mode::Level), (1, Mode::Edge), (2, Mode::Oneshot)] {
            selector
                .register_with(descriptors[token], Token(token), Interest::READABLE, mode)
                .unwrap();
            (&pairs[token].1).write_all(b"x").unwrap();
        }
        let fork = selector.fork().unwrap();
        let all = [Token(0), Token(1), Token(2)];
        assert_eq!(tokens(&selector, &mut events, LIMIT), all);
        assert_eq!(tokens(&selector, &mut events, LIMIT), [Token(0)]);
        // What was an edge is a level in the fork.
        assert_eq!(tokens(&fork, &mut events, LIMIT), all);
        assert_eq!(tokens(&fork, &mut events, LIMIT), all[..2]);

        selector.deregister(descriptors[0]).unwrap();
        fork.deregister(descriptors[1]).unwrap();
        assert_eq!(tokens(&fork, &mut events, LIMIT), [Token(0)]);
        assert_eq!(tokens(&selector, &mut events, SILENCE), []);
        assert_error(selector.deregister(descriptors[0]), ErrorKind::NotFound);
        selector
            .register(descriptors[0], Token(7), Interest::READABLE)
            .unwrap();
        assert_eq!(tokens(&selector, &mut events, LIMIT), [Token(7)]);
        drop(selector);
        assert_eq!(tokens(&fork, &mut events, LIMIT), [Token(0)]);
    });
}

#[test]
fn a_fork_has_the_timers_and_not_the_waker() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let waker = Waker::new(poll.registry(), Token(1)).unwrap();
        let after = Duration::from_millis(40);
        let started = Instant::now();
        let mut timer = Timer::oneshot(after);
        poll.registry()
            .register(&mut timer, Token(0), Interest::READABLE)
            .unwrap();
        let fork = poll.registry().selector().fork().unwrap();
        waker.wake().unwrap();
        assert_eq!(tokens(&fork, &mut events, LIMIT), [Token(0)]);
        let waited = started.elapsed();
        assert!(waited >= after && waited < after + SLACK, "{waited:?}");
        // Both the wake and the expiration are still to be seen here.
        let mut seen = Vec::new();
        while seen.len() < 2 {
            seen.extend(
                util::poll(&mut poll, &mut events)
                    .iter()
                    .map(|event| event.token()),
            );
        }
        seen.sort();
        assert_eq!(seen, [Token(0), Token(1)]);
    });
}

#[test]
fn a_fork_leaves_out_what_was_closed_while_registered() {
    bounded(|| {
        let selector = Selector::new().unwrap();
        let mut events = Events::with_capacity(8);
        let (ours, _theirs) = pair();
        // A number far from those that the tests beside this one are given.
        let (closing, _peer) = pair();
        let closed = rustix::io::fcntl_dupfd_cloexec(&closing, 700).unwrap();
        drop(closing);
        for (descriptor, token) in [(closed.as_raw_fd(), 0), (ours.as_raw_fd(), 1)] {
            selector
                .register(descriptor, Token(token), Interest::WRITABLE)
                .unwrap();
        }
        drop(closed);
        let fork = selector.fork().unwrap();
        assert_eq!(tokens(&fork, &mut events, LIMIT), [Token(1)]);
        assert_eq!(tokens(&selector, &mut events, LIMIT), [Token(1)]);
    });
}

#[test]
fn a_second_thread_in_select_is_resource_busy() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let waker = Waker::new(poll.registry(), Token(0)).unwrap();
        let selector = poll.registry().selector().try_clone().unwrap();
        let polling = thread::spawn(move || {
            poll_beside_others(&mut poll, &mut events);
            events.iter().next().map(|event| event.token())
        });
        wait_until_busy(&selector);
        waker.wake().unwrap();
        assert_eq!(polling.join().unwrap(), Some(Token(0)));
        let mut events = Events::with_capacity(1);
        selector.select(&mut events, Some(Duration::ZERO)).unwrap();
    });
}

#[test]
fn the_details_of_an_event_print_the_hosts_record() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let (ours, mut theirs) = pair();
        let descriptor = ours.as_raw_fd();
        poll.registry()
            .register(&mut SourceFd(&descriptor), Token(5), Interest::READABLE)
            .unwrap();
        theirs.write_all(b"x").unwrap();
        let found = poll_one(&mut poll, &mut events);
        assert_eq!(
            format!("{found:?}"),
            "Event { token: Token(5), readiness: READABLE }"
        );
        assert!(format!("{found:#?}").contains("Polling"), "{found:#?}");
    });
}

fn poll_one(source: &mut Poll, events: &mut Events) -> wasio::event::Event {
    poll(source, events).remove(0)
}

/// A stream of wasio's that is registered level-triggered by way of its descriptor.
#[cfg(feature = "net")]
#[test]
fn the_end_of_a_stream_is_reported_for_as_long_as_it_is_there() {
    use wasio::net::TcpStream;

    bounded(|| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        let mut stream = TcpStream::from_std(stream);
        let (mut poll, mut events) = new_poll();
        let registry = poll.registry();
        let (token, interest) = (Token(3), Interest::READABLE);
        registry.register(&mut stream, token, interest).unwrap();
        let selector = registry.selector();
        let descriptor = stream.as_raw_fd();
        selector
            .reregister_with(descriptor, token, interest, Mode::Level)
            .unwrap();
        drop(peer);
        for _ in 0..3 {
            let event = one_event(&mut poll, &mut events);
            assert!(event.token() == token && event.is_readable());
            assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
        }
        // One-shot: once, until it is registered again.
        let registry = poll.registry();
        for _ in 0..2 {
            let selector = registry.selector();
            selector
                .reregister_with(descriptor, token, interest, Mode::Oneshot)
                .unwrap();
        }
        one_event(&mut poll, &mut events);
        assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
        assert_silent(&mut poll, &mut events);
    });
}
