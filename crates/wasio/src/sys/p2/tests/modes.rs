//! Edge, level and one-shot; what registrations become; pollables that go.

use std::io::ErrorKind;
use std::time::Duration;

use super::super::target::Target;
use super::host::{Bytes, MS};
use super::rig::{READ, Rig, WRITE, readable};
use super::rules::{ALL, EXACT, OVER_REPORTS, READY_AT_FIRST, WASMTIME};
use crate::io_outcome::IoOutcome;
use crate::portable::Direction;
use crate::{Mode, Token};

#[test]
fn an_edge_is_reported_once_until_an_operation_would_block() {
    for rules in [EXACT, WASMTIME] {
        let mut rig = Rig::new(rules);
        let key = rig.source(1);
        rig.arrive(1);
        assert_eq!(rig.select(10), readable(&[1]));
        assert_eq!(rig.select(10), [], "it was not read");
        rig.selector
            .after_io(key, Direction::Read, IoOutcome::Complete);
        assert_eq!(rig.select(10), [], "there may be more");
        rig.drain(1, key);
        assert_eq!(rig.select(10), []);
        rig.world().after(2 * MS, Bytes(1, 5));
        assert_eq!(rig.select(10), readable(&[1]));
    }
}

#[test]
fn a_level_is_reported_for_as_long_as_it_lasts() {
    let mut rig = Rig::new(WASMTIME);
    rig.add(1, READ, Mode::Level);
    rig.arrive(1);
    for _ in 0..3 {
        assert_eq!(rig.select(10), readable(&[1]));
    }
    rig.world().source(1).pending = 0;
    assert_eq!(rig.select(10), []);
}

#[test]
fn a_one_shot_is_reported_once_until_it_is_reregistered() {
    let mut rig = Rig::new(WASMTIME);
    let key = rig.add(1, READ | WRITE, Mode::Oneshot);
    rig.arrive(1);
    assert_eq!(rig.select(10), readable(&[1]));
    rig.world().source(1).room = true;
    assert_eq!(rig.select(10), [], "neither direction");
    rig.selector
        .reregister(key, Token(7), WRITE, Mode::Oneshot)
        .unwrap();
    assert_eq!(rig.select(10), [(7, "w".to_owned())]);
    assert_eq!(rig.select(10), []);
}

#[test]
fn both_directions_of_a_source_are_one_event() {
    let mut rig = Rig::new(EXACT);
    rig.add(1, READ | WRITE, Mode::Edge);
    rig.arrive(1);
    rig.world().source(1).room = true;
    assert_eq!(rig.select(10), [(1, "rw".to_owned())]);
    assert_eq!(rig.select(10), []);
}

#[test]
fn reregistering_arms_and_changes_token_and_interest() {
    let mut rig = Rig::new(EXACT);
    let key = rig.source(1);
    rig.arrive(1);
    assert_eq!(rig.poll(), readable(&[1]));
    rig.selector
        .reregister(key, Token(8), READ, Mode::Edge)
        .unwrap();
    assert_eq!(rig.poll(), readable(&[8]));
    rig.selector
        .reregister(key, Token(9), WRITE, Mode::Edge)
        .unwrap();
    assert_eq!(rig.poll(), []);
    assert_eq!(rig.selector.interest(key), Some(WRITE));
    rig.close(key, 1);
    assert_eq!(rig.selector.interest(key), None);
}

/// The scripted host traps on a pollable that is gone, as a real one does.
#[test]
fn a_source_is_deregistered_before_its_pollables_go() {
    let mut rig = Rig::new(EXACT);
    let keys = [rig.source(1), rig.source(2), rig.source(3)];
    assert_eq!(rig.poll(), []);
    rig.close(keys[1], 2);
    let error = rig.selector.deregister(keys[1]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    rig.arrive(3);
    assert_eq!(rig.select(10), readable(&[3]));
    // Reported, and gone before it is read.
    rig.close(keys[2], 3);
    assert_eq!(rig.select(10), []);
    // The index is another's now.
    rig.source(4);
    rig.arrive(4);
    assert_eq!(rig.select(10), readable(&[4]));
}

/// A leftover names a pollable that may be gone.
#[test]
fn an_event_that_found_no_room_does_not_outlive_its_source() {
    let mut rig = Rig::with_room(EXACT, 1);
    let keys = [rig.source(1), rig.source(2)];
    rig.arrive(1);
    rig.arrive(2);
    let first = rig.poll();
    let other = if first == readable(&[1]) { 1 } else { 0 };
    rig.close(keys[other], if other == 1 { 2 } else { 1 });
    assert_eq!(rig.select(5), []);
}

#[test]
fn a_source_whose_pollables_were_replaced_is_waited_for_with_the_new_ones() {
    let mut rig = Rig::new(EXACT);
    let key = rig.source(1);
    assert_eq!(rig.poll(), []);
    let old = rig.world.renew(1);
    let [read, write] = rig.world().source(1).handles;
    rig.selector.set_source(key, Target::pollables(read, write));
    for handle in old.into_iter().flatten() {
        rig.world.drop_pollable(handle, &[]);
    }
    assert_eq!(rig.select(5), []);
    rig.arrive(1);
    assert_eq!(rig.select(5), readable(&[1]), "what was armed stays so");
    assert_eq!(rig.select(5), []);
}

/// A socket that is not bound yet has none.
#[cfg(feature = "net")]
#[test]
fn a_source_that_has_no_pollables_yet_is_waited_for_once_it_has() {
    let mut rig = Rig::new(EXACT);
    let selector = &rig.selector;
    let key = selector.register_source(Target::NONE, Token(1), READ | WRITE, Mode::Edge);
    assert_eq!(rig.select(5), []);
    let [read, write] = rig.world().open(1);
    rig.arrive(1);
    let target = Target::pollables(read, write);
    rig.selector.set_source(key.unwrap(), target);
    assert_eq!(rig.select(5), readable(&[1]));
}

#[test]
fn a_direction_that_a_source_does_not_have_is_never_reported() {
    let mut rig = Rig::new(EXACT);
    let [read, _] = rig.world().open(1);
    let target = Target::pollables(read, None);
    let selector = &rig.selector;
    let key = selector.register_source(target, Token(1), READ | WRITE, Mode::Edge);
    rig.world().source(1).room = true;
    assert_eq!(rig.select(5), []);
    rig.arrive(1);
    assert_eq!(rig.select(5), readable(&[1]));
    assert!(rig.selector.is_armed(key.unwrap(), Direction::Write));
}

/// An event is a hint: what the host reports without a reason is found out by the operation.
#[test]
fn a_host_that_reports_too_much_hides_nothing_and_makes_no_loop() {
    for rules in [OVER_REPORTS, READY_AT_FIRST] {
        let mut rig = Rig::new(rules);
        let keys = [rig.source(1), rig.source(2)];
        rig.arrive(2);
        let events = rig.select(10);
        assert!(events.contains(&(2, "r".to_owned())), "{}", rules.name);
        for (id, key) in (1..).zip(keys) {
            rig.drain(id, key);
        }
        assert_eq!(rig.select(10), [], "{}", rules.name);
    }
}

#[test]
fn a_wake_before_the_wait_ends_it_at_once() {
    let mut rig = Rig::new(WASMTIME);
    rig.source(1);
    rig.selector.set_waker(Token(5)).unwrap();
    rig.selector.wake().unwrap();
    rig.selector.wake().unwrap();
    let before_ns = rig.world().now_ns;
    assert_eq!(
        rig.try_select(Some(Duration::from_secs(1))).unwrap(),
        readable(&[5])
    );
    assert!(rig.world().now_ns - before_ns < MS);
    assert_eq!(rig.select(1), [], "wakes merge");
}

/// The host says each time that there is something, and no operation finds it.
#[test]
fn a_source_that_is_ready_for_nothing_does_not_spin_on_any_host() {
    for rules in ALL {
        for is_descriptor in [false, true] {
            let mut rig = Rig::new(rules);
            let key = if is_descriptor {
                // Beside a pollable the wait alternates.
                rig.source(6);
                rig.add_fd(5, READ | WRITE, Mode::Edge)
            } else {
                rig.add(5, READ | WRITE, Mode::Edge)
            };
            rig.arrive(5);
            rig.world().source(5).room = true;
            let start_ns = rig.world().now_ns;
            let (mut reported, polls) = ([0, 0], rig.world().polls);
            while rig.world().now_ns - start_ns < 1_000 * MS {
                let said = rig.try_select(Some(Duration::from_secs(1))).unwrap();
                for (_, letters) in said.iter().filter(|(token, _)| *token == 5) {
                    for (direction, letter) in Direction::BOTH.into_iter().zip(['r', 'w']) {
                        if letters.contains(letter) {
                            reported[direction as usize] += 1;
                            rig.selector.after_io(key, direction, IoOutcome::Failed);
                        }
                    }
                }
            }
            let polls = rig.world().polls - polls;
            let name = rules.name;
            assert!(
                reported.iter().all(|count| matches!(count, 5..=9)),
                "{name}: {reported:?}"
            );
            assert!(polls < 300, "{name}: {polls} calls");
        }
    }
}
