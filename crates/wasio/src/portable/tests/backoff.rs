//! A source that is reported ready again and again although its operations find nothing.

use std::time::Duration;

use super::completions::Happening;
use super::model::MS;
use super::said::{Said, readable};
use super::select::{Rig, TIMER, WAKER};
use crate::io_outcome::IoOutcome;
use crate::portable::{Direction, Key};
use crate::{Interest, Mode, Token};

const SECOND_NS: u64 = 1_000 * MS;

impl Rig {
    fn now_ns(&self) -> u64 {
        self.world().now_ns
    }

    fn found(&self, key: Key, outcome: IoOutcome) {
        self.selector.after_io(key, Direction::Read, outcome);
    }

    /// Polls until `duration_ns` has passed. Each operation has this outcome. Returns the times of the
    /// polls that returned, from the start.
    fn polls_ns(&mut self, key: Key, outcome: IoOutcome, duration_ns: u64) -> Vec<u64> {
        let start_ns = self.now_ns();
        let mut times_ns = Vec::new();
        while let Some(left_ns) = (start_ns + duration_ns).checked_sub(self.now_ns()) {
            if !self
                .select(Some(Duration::from_nanos(left_ns)))
                .unwrap()
                .is_empty()
            {
                self.found(key, outcome);
            }
            times_ns.push(self.now_ns() - start_ns);
        }
        times_ns
    }

    /// A source that pauses for as long as one can, from about now.
    fn paused(&mut self) -> Key {
        let key = self.ready(3, Mode::Edge);
        self.polls_ns(key, IoOutcome::WouldBlock, SECOND_NS);
        assert_eq!(self.select(None).unwrap(), readable(&[3]));
        self.found(key, IoOutcome::WouldBlock);
        key
    }

    /// How long it takes until there is an event, and which.
    fn next(&mut self) -> (u64, Vec<Said>) {
        let start_ns = self.now_ns();
        let events = self.select(None).unwrap();
        ((self.now_ns() - start_ns) / MS, events)
    }
}

#[test]
fn a_source_that_is_ready_for_nothing_does_not_spin() {
    for outcome in [IoOutcome::WouldBlock, IoOutcome::Failed, IoOutcome::Peeked] {
        let mut rig = Rig::new(8);
        let key = rig.ready(3, Mode::Edge);
        let times_ns = rig.polls_ns(key, outcome, SECOND_NS);
        assert!(matches!(times_ns.len(), 5..=9), "{times_ns:?}");
        let waits = rig.world().waits;
        assert!(waits <= 3 * 9, "{waits} waits");
        // Nor does it fall silent.
        let times_ns = rig.polls_ns(key, outcome, 4 * SECOND_NS);
        assert!(matches!(times_ns.len(), 12..=17), "{times_ns:?}");
    }
}

/// So do many: none hides another, and none looks as if it had been right.
#[test]
fn a_thousand_such_sources_do_not_spin() {
    let mut rig = Rig::new(64);
    let keys: Vec<Key> = (0..1_000).map(|id| rig.ready(id, Mode::Edge)).collect();
    let start_ns = rig.now_ns();
    let mut reported = vec![0; keys.len()];
    while rig.now_ns() - start_ns < SECOND_NS {
        for (token, _) in rig.select_ms(1_000) {
            reported[token] += 1;
            rig.found(keys[token], IoOutcome::WouldBlock);
        }
    }
    assert!(reported.iter().all(|count| matches!(count, 5..=9)));
}

#[test]
fn what_an_operation_finds_ends_the_row() {
    use IoOutcome::{Complete, Eof, Partial};
    for outcome in [Complete, Partial, Eof] {
        let mut rig = Rig::new(8);
        let key = rig.paused();
        let (after_ms, events) = rig.next();
        assert_eq!((after_ms, events), (256, readable(&[3])));
        rig.found(key, outcome);
        if outcome == Eof {
            let selector = &rig.selector;
            (selector.reregister(key, Token(3), Interest::READABLE, Mode::Edge)).unwrap();
        }
        if outcome != Complete {
            assert_eq!(rig.next(), (0, readable(&[3])));
        }
        for expected_ms in [0, 0, 1, 16] {
            rig.found(key, IoOutcome::WouldBlock);
            let (after_ms, events) = rig.next();
            assert_eq!(
                (after_ms, events),
                (expected_ms, readable(&[3])),
                "{outcome:?}"
            );
        }
    }
}

/// An accept that another process was quicker with, a datagram that came back: each event was right.
#[test]
fn a_source_that_is_not_ready_at_once_is_never_kept_for_long() {
    let mut rig = Rig::new(8);
    let key = rig.add(3, Mode::Edge, |_| {});
    for round in 0..50 {
        rig.world().after(5 * MS, Happening::Bytes(3, 1));
        assert_eq!(rig.next(), (5, readable(&[3])), "round {round}");
        rig.world().peer(3).pending = 0;
        rig.found(key, IoOutcome::WouldBlock);
    }
}

#[test]
fn what_arrives_meanwhile_waits_no_longer_than_the_pause() {
    let mut rig = Rig::new(8);
    let key = rig.add(3, Mode::Edge, |_| {});
    for _ in 0..3 {
        rig.world().peer(3).pending = 1;
        assert_eq!(rig.next().0, 0);
        rig.world().peer(3).pending = 0;
        rig.found(key, IoOutcome::WouldBlock);
    }
    rig.world().after(MS / 4, Happening::Bytes(3, 1));
    assert_eq!(rig.next(), (1, readable(&[3])));
}

/// A program that tries again by itself does not make it longer, and gets what there is.
#[test]
fn operations_in_a_pause_are_not_counted() {
    let mut rig = Rig::new(8);
    let key = rig.paused();
    for _ in 0..10 {
        rig.found(key, IoOutcome::WouldBlock);
    }
    assert!(!rig.selector.is_silent(key, Direction::Read));
    assert_eq!(rig.next().0, 256);
    assert!(rig.selector.is_silent(key, Direction::Read));
    rig.found(key, IoOutcome::Partial);
    assert_eq!(rig.next().0, 0);
}

#[test]
fn what_an_operation_finds_in_a_pause_ends_it() {
    for outcome in [IoOutcome::Complete, IoOutcome::Partial] {
        let mut rig = Rig::new(8);
        let key = rig.paused();
        rig.found(key, outcome);
        assert_eq!(rig.next(), (0, readable(&[3])));
    }
}

#[test]
fn timers_wakes_and_other_sources_do_not_wait_for_a_pause() {
    let mut rig = Rig::new(8);
    rig.selector.set_waker(Token(WAKER)).unwrap();
    rig.paused();
    rig.timer(10 * MS, 0);
    assert_eq!(rig.next(), (10, readable(&[TIMER])));
    let selector = rig.selector.clone();
    let wake = move || selector.wake().unwrap();
    wake();
    assert_eq!(rig.next(), (0, readable(&[WAKER])));
    rig.add(4, Mode::Edge, |_| {});
    rig.world().after(20 * MS, Happening::Bytes(4, 1));
    assert_eq!(rig.next(), (20, readable(&[4])));
    assert_eq!(rig.select_ms(100), []);
    let (after_ms, events) = rig.next();
    assert_eq!(events, readable(&[3]));
    assert!(matches!(after_ms, 120..=127), "{after_ms}");
}

#[test]
fn registering_it_anew_ends_the_pause() {
    let mut rig = Rig::new(8);
    let key = rig.paused();
    let selector = &rig.selector;
    (selector.reregister(key, Token(3), Interest::READABLE, Mode::Edge)).unwrap();
    assert_eq!(rig.next(), (0, readable(&[3])));
    for _ in 0..2 {
        rig.found(key, IoOutcome::WouldBlock);
        assert_eq!(rig.next(), (0, readable(&[3])));
    }
    rig.selector.deregister(key).unwrap();
    rig.world().close(3);
    // The end of the old pause finds nobody, or the new one as it is.
    rig.ready(3, Mode::Edge);
    assert_eq!(rig.next(), (0, readable(&[3])));
    assert_eq!(rig.select_ms(1_000), []);
}

/// wasio does not see its operations, and its readiness is promised in each poll.
#[test]
fn a_level_triggered_source_is_never_kept() {
    let mut rig = Rig::new(8);
    rig.ready(3, Mode::Level);
    for _ in 0..100 {
        assert_eq!(rig.next(), (0, readable(&[3])));
    }
}
