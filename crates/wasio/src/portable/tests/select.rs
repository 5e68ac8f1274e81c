//! What `select` promises, whatever the backend.

use std::io::ErrorKind;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::completions::{Completions, Happening, Host, Peer, World, raw};
use super::model::MS;
use super::said::{self, Said, readable, sorted};
use crate::io_outcome::IoOutcome;
use crate::portable::{Config, Direction, Expiry, Key, Selector};
use crate::{Events, Interest, Mode, Token};

pub(super) const WAKER: usize = 100;
pub(super) const TIMER: usize = 200;
const FILE: u32 = 30;

pub(super) struct Rig {
    host: Host,
    pub(super) selector: Selector<Completions>,
    events: Events,
}

impl Rig {
    pub(super) fn new(room: usize) -> Self {
        let host = Host::new();
        Self {
            host,
            selector: Selector::new(Config::DEFAULT).unwrap(),
            events: Events::with_capacity(room),
        }
    }

    pub(super) fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.host.lock()
    }

    pub(super) fn add(&self, id: u32, mode: Mode, peer: impl FnOnce(&mut Peer)) -> Key {
        peer(self.world().open(id));
        let token = Token(usize::try_from(id).unwrap());
        let selector = &self.selector;
        selector
            .register(raw(id), token, Interest::READABLE, mode)
            .unwrap()
    }

    pub(super) fn ready(&self, id: u32, mode: Mode) -> Key {
        self.add(id, mode, |peer| peer.pending = 1)
    }

    fn file(&self, mode: Mode) -> Key {
        self.add(FILE, mode, |peer| peer.is_file = true)
    }

    pub(super) fn timer(&self, after_ns: u64, period_ns: u64) {
        said::timer(&self.selector, TIMER, after_ns, period_ns);
    }

    pub(super) fn select(&mut self, timeout: Option<Duration>) -> std::io::Result<Vec<Said>> {
        said::select(&self.selector, &mut self.events, timeout)
    }

    pub(super) fn select_ms(&mut self, timeout_ms: u64) -> Vec<Said> {
        self.select(Some(Duration::from_millis(timeout_ms)))
            .unwrap()
    }
}

/// A program that wakes itself in each round, a periodic timer that is always due, a file and, or not,
/// sources that are always ready.
#[test]
fn with_little_room_each_kind_of_event_comes_in_its_turn() {
    for (room, sources) in [
        (1, &[][..]),
        (1, &[3, 4]),
        (2, &[]),
        (2, &[3, 4]),
        (3, &[3, 4]),
    ] {
        for timeout in [None, Some(Duration::ZERO), Some(Duration::from_millis(1))] {
            let mut rig = Rig::new(room);
            rig.selector.set_waker(Token(WAKER)).unwrap();
            rig.timer(1, 1);
            rig.file(Mode::Level);
            for source in sources {
                rig.ready(*source, Mode::Level);
            }
            let of_sources = sources.iter().map(|id| *id as usize);
            let tokens: Vec<_> = [WAKER, TIMER, 30].into_iter().chain(of_sources).collect();
            let mut last = std::collections::HashMap::new();
            for round in 0..100_u32 {
                rig.selector.wake().unwrap();
                let events = rig.select(timeout).unwrap();
                assert!(!events.is_empty() && events.len() <= room);
                for (token, _) in events {
                    last.insert(token, round);
                }
                for token in &tokens {
                    let since = round - last.get(token).copied().unwrap_or(0);
                    assert!(since <= 12, "{token} starves with room for {room}");
                }
            }
        }
    }
}

/// It is reported once in a millisecond, and what arrives meanwhile is reported at once.
#[test]
fn a_file_that_is_always_ready_neither_spins_nor_hides_others() {
    let mut rig = Rig::new(16);
    rig.file(Mode::Level);
    let key = rig.add(3, Mode::Edge, |_| {});
    let started_ns = rig.world().now_ns;
    for _ in 0..20 {
        assert_eq!(rig.select(None).unwrap(), readable(&[30]));
    }
    let elapsed_ns = rig.world().now_ns - started_ns;
    assert!(elapsed_ns >= 19 * MS, "20 polls in {elapsed_ns} ns");
    rig.world().after(MS / 2, Happening::Bytes(3, 1));
    let started_ns = rig.world().now_ns;
    assert!(sorted(rig.select(None).unwrap()).contains(&(3, "r".to_owned())));
    assert!(rig.world().now_ns - started_ns < MS / 2 + 100_000);
    rig.world().peer(3).pending = 0;
    rig.selector
        .after_io(key, Direction::Read, IoOutcome::WouldBlock);
    assert_eq!(rig.select_ms(0), readable(&[30]));
}

/// Edge-triggered it is reported once, and again when it was read to its end.
#[test]
fn an_edge_triggered_file_is_reported_once() {
    let mut rig = Rig::new(16);
    let key = rig.file(Mode::Edge);
    assert_eq!(rig.select_ms(5), readable(&[30]));
    assert_eq!(rig.select_ms(5), []);
    rig.selector
        .after_io(key, Direction::Read, IoOutcome::WouldBlock);
    assert_eq!(rig.select_ms(5), readable(&[30]));
}

#[test]
fn what_found_no_room_is_reported_first_and_without_a_wait() {
    let mut rig = Rig::new(8);
    for id in 3..8 {
        rig.ready(id, Mode::Oneshot);
    }
    // Two sources more than the first poll has room for, and one that is ready later.
    rig.select_ms(0);
    rig.events = Events::with_capacity(2);
    let keys: Vec<Key> = (10..14).map(|id| rig.ready(id, Mode::Oneshot)).collect();
    assert_eq!(rig.select_ms(0).len(), 2);
    let waits = rig.world().waits;
    let second = rig.select_ms(0);
    assert_eq!((second.len(), keys.len()), (2, 4));
    assert!(rig.world().waits - waits <= 1);
}

/// What was read, deregistered or reported meanwhile is no event, and ends no wait.
#[test]
fn a_stale_leftover_does_not_end_a_wait() {
    let mut rig = Rig::new(1);
    rig.selector.set_waker(Token(WAKER)).unwrap();
    rig.selector.wake().unwrap();
    let gone = rig.ready(3, Mode::Edge);
    assert_eq!(rig.select_ms(1), readable(&[WAKER]), "3 found no room");
    rig.selector.deregister(gone).unwrap();
    rig.world().close(3);
    let started_ns = rig.world().now_ns;
    assert_eq!(rig.select_ms(5), []);
    assert!(rig.world().now_ns - started_ns >= 5 * MS);
}

#[test]
fn a_leftover_of_a_direction_that_is_disarmed_is_no_event() {
    let mut rig = Rig::new(1);
    rig.selector.set_waker(Token(WAKER)).unwrap();
    rig.selector.wake().unwrap();
    let key = rig.ready(3, Mode::Edge);
    assert_eq!(rig.select_ms(1), readable(&[WAKER]), "3 found no room");
    rig.selector.after_io(key, Direction::Read, IoOutcome::Eof);
    assert_eq!(rig.select_ms(5), []);
}

#[test]
fn after_an_error_of_the_wait_the_selector_goes_on() {
    let mut rig = Rig::new(8);
    rig.ready(3, Mode::Level);
    rig.world().fails = Some(ErrorKind::Other);
    assert_eq!(rig.select(None).unwrap_err().kind(), ErrorKind::Other);
    assert_eq!(rig.select(None).unwrap(), readable(&[3]));
}

/// The wait fails after they were taken.
#[test]
fn an_error_of_the_wait_loses_no_wake_and_no_timer() {
    let mut rig = Rig::new(8);
    rig.selector.set_waker(Token(WAKER)).unwrap();
    rig.selector.wake().unwrap();
    rig.timer(1, 0);
    rig.world().fails = Some(ErrorKind::Other);
    let mut reported = Vec::new();
    for _ in 0..3 {
        reported.extend(rig.select(Some(Duration::ZERO)).unwrap_or_default());
    }
    assert_eq!(sorted(reported), readable(&[WAKER, TIMER]));
}

/// Files that are always ready are held back in such a wait, and what needs no host is reported after it.
#[test]
fn a_wake_during_a_wait_that_fills_the_events_is_not_lost() {
    let mut rig = Rig::new(2);
    rig.selector.set_waker(Token(WAKER)).unwrap();
    rig.file(Mode::Level);
    let keys = [3, 4].map(|id| (id, rig.add(id, Mode::Edge, |_| {})));
    for round in 0..20 {
        let wakes = round % 2 == 1;
        let (host, selector) = (rig.host.clone(), rig.selector.clone());
        let arrive = move || {
            for (id, _) in keys {
                host.lock().peer(id).pending = 1;
            }
            if wakes {
                selector.wake().unwrap();
            }
        };
        rig.world().after(MS / 2, Happening::Run(Box::new(arrive)));
        let mut is_woken = false;
        for _ in 0..8 {
            for (token, _) in rig.select_ms(2) {
                is_woken |= token == WAKER;
                for (id, key) in keys.into_iter().filter(|(id, _)| *id as usize == token) {
                    rig.world().peer(id).pending = 0;
                    (rig.selector).after_io(key, Direction::Read, IoOutcome::WouldBlock);
                }
            }
        }
        assert_eq!(is_woken, wakes, "round {round}");
    }
}

#[test]
fn a_second_thread_that_selects_is_refused_and_the_first_goes_on() {
    let mut rig = Rig::new(8);
    rig.add(3, Mode::Edge, |_| {});
    let (second, kind) = (rig.selector.clone(), Arc::new(Mutex::new(None)));
    let seen = Arc::clone(&kind);
    let select = move || {
        let mut events = Events::with_capacity(1);
        let error = second.select(&mut events, None).unwrap_err();
        *seen.lock().unwrap() = Some(error.kind());
    };
    rig.world().after(MS, Happening::Run(Box::new(select)));
    rig.world().after(2 * MS, Happening::Bytes(3, 1));
    assert_eq!(rig.select(None).unwrap(), readable(&[3]));
    assert_eq!(*kind.lock().unwrap(), Some(ErrorKind::ResourceBusy));
}

#[test]
fn with_nothing_to_wait_for_only_a_timeout_makes_sense() {
    let mut rig = Rig::new(8);
    assert_eq!(
        rig.select(None).unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    assert_eq!(rig.world().waits, 0);
    assert_eq!(rig.select_ms(3), []);
    // A timer that is not set yet may be set by another thread.
    let timer = rig.selector.register_timer(Token(TIMER), None).unwrap();
    let expiry = Expiry {
        deadline_ns: rig.selector.now_ns() + MS,
        period_ns: 0,
    };
    rig.selector.set_timer(timer, Some(expiry)).unwrap();
    assert_eq!(rig.select(None).unwrap(), readable(&[TIMER]));
}

/// One operation for each event, and none for what is idle.
#[test]
fn the_cost_of_a_poll_is_that_of_what_is_ready() {
    let mut rig = Rig::new(8);
    for id in 1_000..2_000 {
        rig.add(id, Mode::Edge, |_| {});
    }
    let key = rig.add(3, Mode::Edge, |_| {});
    rig.select_ms(0);
    let started = rig.world().started;
    for _ in 0..10 {
        rig.world().peer(3).pending = 1;
        assert_eq!(rig.select(None).unwrap(), readable(&[3]));
        rig.world().peer(3).pending = 0;
        rig.selector
            .after_io(key, Direction::Read, IoOutcome::WouldBlock);
    }
    // The last is started by the next update.
    assert_eq!(rig.world().started - started, 9);
}
