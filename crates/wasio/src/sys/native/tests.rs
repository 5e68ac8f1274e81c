//! What the public API cannot reach: edges made without the operating system's help, as on
//! Windows, and a buffer that took more than the caller has room for.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::Selector;
use super::wait::collect;
use crate::event::Event;
use crate::io_outcome::IoOutcome;
use crate::portable::{Config, Direction, Key};
use crate::registration::Registration;
use crate::{Events, Interest, IoSource, Mode, Token};

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
/// Long enough for an event that should not come, short enough to wait for often.
const SILENCE: Duration = Duration::from_millis(20);
const LIMIT: Duration = Duration::from_secs(10);

struct Pair {
    selector: Selector,
    events: Events,
    ours: UnixStream,
    theirs: UnixStream,
    key: Key,
}

impl Pair {
    fn new(interest: Interest) -> Self {
        Self::with_selector(Selector::without_os_edge().unwrap(), interest)
    }

    fn with_selector(selector: Selector, interest: Interest) -> Self {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let key = selector
            .register(ours.as_raw_fd(), Token(1), interest, Mode::Edge)
            .unwrap();
        Self {
            selector,
            events: Events::with_capacity(4),
            ours,
            theirs,
            key,
        }
    }

    fn poll(&mut self, timeout: Duration) -> Vec<Event> {
        self.events.clear();
        self.selector
            .select(&mut self.events, Some(timeout))
            .unwrap();
        self.events.iter().cloned().collect()
    }

    fn one_event(&mut self) -> Event {
        let mut events = self.poll(LIMIT);
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }

    fn assert_silent(&mut self) {
        let events = self.poll(SILENCE);
        assert!(events.is_empty(), "{events:?}");
    }

    fn after_io(&self, direction: Direction, outcome: IoOutcome) {
        self.selector.after_io(self.key, direction, outcome);
    }
}

#[test]
fn without_os_edges_an_event_comes_once_until_a_read_is_blocked() {
    let mut pair = Pair::new(Interest::READABLE);
    pair.theirs.write_all(b"x").unwrap();
    assert!(pair.one_event().is_readable());
    assert!(!pair.selector.is_armed(pair.key, Direction::Read));
    pair.assert_silent();
    pair.after_io(Direction::Read, IoOutcome::Complete);
    pair.after_io(Direction::Read, IoOutcome::NoOp);
    pair.assert_silent();
    pair.after_io(Direction::Read, IoOutcome::WouldBlock);
    assert!(pair.selector.is_armed(pair.key, Direction::Read));
    // The byte is still there, and one-shot registrations are level-triggered.
    assert!(pair.one_event().is_readable());
    pair.assert_silent();
}

#[test]
fn without_os_edges_an_event_of_one_direction_leaves_the_other_armed() {
    let mut pair = Pair::new(BOTH);
    let event = pair.one_event();
    assert!(event.is_writable() && !event.is_readable());
    pair.assert_silent();
    // Writing is silent, as nothing blocked. Reading is not.
    pair.theirs.write_all(b"x").unwrap();
    let event = pair.one_event();
    assert!(event.is_readable() && !event.is_writable());
    pair.assert_silent();
}

#[test]
fn without_os_edges_a_short_write_is_reported_when_there_is_room() {
    let mut pair = Pair::new(Interest::WRITABLE);
    assert!(pair.one_event().is_writable());
    let written = fill(&pair.ours);
    pair.after_io(Direction::Write, IoOutcome::Partial);
    pair.assert_silent();
    let mut drained = vec![0; written];
    pair.theirs.read_exact(&mut drained).unwrap();
    assert!(pair.one_event().is_writable());
}

#[test]
fn without_os_edges_an_event_that_nobody_waits_for_leaves_the_other_direction_armed() {
    let mut pair = Pair::new(BOTH);
    assert!(pair.one_event().is_writable());
    let written = fill(&pair.ours);
    pair.after_io(Direction::Write, IoOutcome::WouldBlock);
    pair.theirs.write_all(b"x").unwrap();
    pair.theirs.shutdown(Shutdown::Write).unwrap();
    assert!(pair.one_event().is_readable());
    // The system reports the end once more, and disables both directions with that.
    pair.after_io(Direction::Read, IoOutcome::Partial);
    pair.after_io(Direction::Read, IoOutcome::Eof);
    pair.assert_silent();
    let mut drained = vec![0; written];
    pair.theirs.read_exact(&mut drained).unwrap();
    assert!(pair.one_event().is_writable());
}

/// So kqueue is asked again: it may have reported the end of the stream with the data.
#[test]
fn a_read_that_leaves_room_arms_the_source_and_no_other_read_does() {
    let mut pair = Pair::new(Interest::READABLE);
    let registration = Registration::new(&pair.selector, pair.key);
    let source = IoSource::registered(pair.ours.try_clone().unwrap(), registration);
    let is_armed = |pair: &Pair| pair.selector.is_armed(pair.key, Direction::Read);
    let read = |len| {
        let mut buffer = vec![0; len];
        source.do_read(len, |mut stream| stream.read(&mut buffer))
    };
    pair.theirs.write_all(b"four").unwrap();
    pair.one_event();
    for len in [0, 2] {
        assert_eq!(read(len).unwrap(), len);
        assert!(!is_armed(&pair));
    }
    assert_eq!(read(3).unwrap(), 2);
    assert!(is_armed(&pair));

    pair.theirs.shutdown(Shutdown::Write).unwrap();
    pair.one_event();
    assert_eq!(read(3).unwrap(), 0);
    assert!(!is_armed(&pair));
}

#[test]
fn without_os_edges_reregistering_arms_again() {
    let mut pair = Pair::new(Interest::READABLE);
    pair.theirs.write_all(b"x").unwrap();
    pair.one_event();
    pair.assert_silent();
    pair.selector
        .reregister(pair.key, Token(2), Interest::READABLE, Mode::Edge)
        .unwrap();
    assert_eq!(pair.one_event().token(), Token(2));
    pair.assert_silent();
}

#[test]
fn io_on_a_direction_nobody_asked_for_arms_nothing() {
    let mut pair = Pair::new(Interest::READABLE);
    pair.theirs.write_all(b"x").unwrap();
    pair.one_event();
    pair.after_io(Direction::Write, IoOutcome::WouldBlock);
    assert!(!pair.selector.is_armed(pair.key, Direction::Write));
    pair.assert_silent();
}

#[test]
fn an_edge_that_finds_no_room_is_reported_by_the_next_poll() {
    let selector = Selector::new(Config::DEFAULT).unwrap();
    let mut events = Events::with_capacity(1);
    let mut pairs = Vec::new();
    for token in 0..2 {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        selector
            .register(
                ours.as_raw_fd(),
                Token(token),
                Interest::READABLE,
                Mode::Edge,
            )
            .unwrap();
        theirs.write_all(b"x").unwrap();
        pairs.push((ours, theirs));
    }
    let mut tokens = Vec::new();
    for _ in 0..2 {
        events.clear();
        selector.select(&mut events, Some(LIMIT)).unwrap();
        tokens.push(events.iter().next().unwrap().token());
    }
    tokens.sort();
    assert_eq!(tokens, [Token(0), Token(1)]);
}

#[test]
fn an_event_that_was_fetched_does_not_outlive_its_registration() {
    let selector = Selector::new(Config::DEFAULT).unwrap();
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let (idle, _peer) = UnixStream::pair().unwrap();
    let register = |stream: &UnixStream, token| {
        let descriptor = stream.as_raw_fd();
        selector
            .register(descriptor, token, Interest::READABLE, Mode::Level)
            .unwrap()
    };
    let key = register(&ours, Token(1));
    theirs.write_all(b"x").unwrap();
    let mut buffer = polling::Events::with_capacity(8.try_into().unwrap());
    let shared = selector.shared();
    let poller = &shared.backend.poller;
    assert_eq!(poller.wait(&mut buffer, Some(LIMIT)).unwrap(), 1);
    // As another thread may do, between the wait and the delivery.
    selector.deregister(key).unwrap();
    let next = register(&idle, Token(2));
    assert_eq!(next.index, key.index);
    let mut ready = Vec::new();
    collect(&buffer, &shared.lock().registrations, &mut ready);
    assert!(ready.is_empty(), "{ready:?}");
}

fn fill(mut stream: &UnixStream) -> usize {
    let mut written = 0;
    while let Ok(more) = stream.write(&[0; 4096]) {
        written += more;
    }
    written
}

/// Counts the events in a second of a source that is always ready, whose operations have this outcome.
fn events_in_a_second(mut pair: Pair, outcome: IoOutcome) -> usize {
    pair.theirs.write_all(b"x").unwrap();
    let (start, mut count) = (Instant::now(), 0);
    while let Some(left) = Duration::from_secs(1).checked_sub(start.elapsed()) {
        if !pair.poll(left).is_empty() {
            count += 1;
            pair.after_io(Direction::Read, outcome);
        }
    }
    count
}

/// As an accept without descriptors in a program that ignores the error.
#[test]
fn a_source_that_is_ready_for_nothing_does_not_spin() {
    let edges = |selector| Pair::with_selector(selector, Interest::READABLE);
    for outcome in [IoOutcome::WouldBlock, IoOutcome::Failed] {
        let count = events_in_a_second(edges(Selector::without_os_edge().unwrap()), outcome);
        assert!((4..=9).contains(&count), "{count} after {outcome:?}");
    }
    let system = || edges(Selector::new(Config::DEFAULT).unwrap());
    let count = events_in_a_second(system(), IoOutcome::Failed);
    assert!((4..=9).contains(&count), "{count}");
}

/// The system does not wait for a file, which is always ready.
#[test]
fn a_file_whose_operations_fail_does_not_spin() {
    let file = std::fs::File::open("Cargo.toml").unwrap();
    let selector = Selector::new(Config::DEFAULT).unwrap();
    let key = selector.register(file.as_raw_fd(), Token(1), Interest::READABLE, Mode::Edge);
    let key = key.unwrap();
    let mut events = Events::with_capacity(4);
    let (start, mut count) = (Instant::now(), 0);
    while start.elapsed() < Duration::from_secs(1) {
        events.clear();
        let left = Duration::from_millis(100);
        selector.select(&mut events, Some(left)).unwrap();
        for _ in &events {
            count += 1;
            selector.after_io(key, Direction::Read, IoOutcome::Failed);
        }
    }
    assert!((4..=9).contains(&count), "{count}");
}

/// The system reports new edges, so nothing waits for the end of a pause.
#[test]
fn with_os_edges_what_arrives_in_a_pause_is_reported_at_once() {
    let selector = Selector::new(Config::DEFAULT).unwrap();
    if !selector.shared().backend.os_edge {
        return;
    }
    let mut pair = Pair::with_selector(selector, Interest::READABLE);
    pair.theirs.write_all(b"x").unwrap();
    let start = Instant::now();
    for _ in 0..40 {
        pair.one_event();
        pair.after_io(Direction::Read, IoOutcome::Failed);
        pair.theirs.write_all(b"x").unwrap();
    }
    // Each pause but the first two would be of 256 ms.
    assert!(start.elapsed() < Duration::from_secs(5));
}

/// As a listener that had no descriptors left for two connections, and then one.
#[test]
fn with_os_edges_an_operation_in_a_pause_leaves_the_rest_to_be_reported() {
    let selector = Selector::new(Config::DEFAULT).unwrap();
    let mut pair = Pair::with_selector(selector, Interest::READABLE);
    pair.theirs.write_all(b"x").unwrap();
    for _ in 0..3 {
        pair.one_event();
        pair.after_io(Direction::Read, IoOutcome::Failed);
    }
    pair.after_io(Direction::Read, IoOutcome::Complete);
    pair.one_event();
}

/// Changes without a wait between them: another thread makes them while this one waits for long.
#[test]
fn what_comes_and_goes_during_a_wait_takes_no_more_room() {
    let selector = Selector::new(Config::DEFAULT).unwrap();
    let pairs: Vec<_> = (0..8).map(|_| UnixStream::pair().unwrap()).collect();
    let register = |which: usize| {
        let descriptor = pairs[which % pairs.len()].0.as_raw_fd();
        let key = selector.register(descriptor, Token(which), BOTH, Mode::Edge);
        key.unwrap()
    };
    let mut last = register(0);
    for which in 1..1_000 {
        let next = register(which);
        selector.deregister(last).unwrap();
        assert!(next.index < 8, "{next:?}");
        last = next;
    }
}
