//! Each kind of event is reported before long, whatever the room.

use std::collections::HashMap;
use std::time::Duration;

use super::host::MS;
use super::rig::{READ, Rig};
use super::rules::{ALL, EXACT, WASMTIME};
use crate::io_outcome::IoOutcome;
use crate::portable::Direction;
use crate::{Mode, Token};

const WAKER: usize = 100;
const TIMER: usize = 200;

/// A program that wakes itself in each round, a periodic timer that is always due, and sources that
/// are always ready.
fn no_event_starves(sources: impl Fn(&Rig)) {
    for rules in ALL {
        for room in 1..=3 {
            let mut rig = Rig::with_room(rules, room);
            rig.selector.set_waker(Token(WAKER)).unwrap();
            rig.timer(TIMER, 1, 1);
            sources(&rig);
            let mut last: HashMap<usize, u32> = HashMap::new();
            for round in 0..100 {
                rig.world().now_ns += rules.clock_step_ns;
                rig.selector.wake().unwrap();
                for (token, _) in rig.try_select(Some(Duration::ZERO)).unwrap() {
                    last.insert(token, round);
                }
                for token in [WAKER, TIMER, 1, 2] {
                    let since = round - last.get(&token).copied().unwrap_or(0);
                    assert!(
                        since <= 10,
                        "{}: {token} starves with room for {room}",
                        rules.name
                    );
                }
            }
        }
    }
}

#[test]
fn with_little_room_no_pollable_starves_beside_a_waker_and_a_timer() {
    no_event_starves(|rig| {
        for id in [1, 2] {
            rig.add(id, READ, Mode::Level);
            rig.arrive(id);
        }
    });
}

#[test]
fn with_little_room_no_descriptor_starves_beside_a_waker_and_a_timer() {
    no_event_starves(|rig| {
        for id in [1, 2] {
            rig.add_fd(id, READ, Mode::Level);
            rig.arrive(id);
        }
    });
}

#[test]
fn with_little_room_a_pollable_and_a_descriptor_have_their_turns() {
    no_event_starves(|rig| {
        rig.add(1, READ, Mode::Level);
        rig.add_fd(2, READ, Mode::Level);
        rig.arrive(1);
        rig.arrive(2);
    });
}

/// wasmtime answers 128 calls until the guest is suspended. What it does not answer finds nothing.
#[test]
fn busy_sources_are_served_alike_where_the_host_answers_few_calls() {
    for mode in [Mode::Edge, Mode::Level, Mode::Oneshot] {
        for count in [16, 24, 48, 50, 100, 256, 1_000] {
            let (served, unanswered) = serve_busy(count, mode, 4);
            let (least, most) = least_and_most(&served);
            let name = format!("{count}, {mode:?}");
            assert!(least * 2 >= most, "{name}: {least} to {most} times");
            let served: u32 = served.iter().sum();
            // With so few the guest is not suspended; of more, some are cold at times, and are swept.
            if (25..1_000).contains(&count) {
                assert!(unanswered * 20 <= served, "{name}: {unanswered}, {served}");
            }
        }
    }
}

/// A program that makes three times as many calls per event: most of its events find nothing.
#[test]
fn no_busy_source_starves_where_the_program_makes_many_calls() {
    for mode in [Mode::Edge, Mode::Level, Mode::Oneshot] {
        for count in [16, 24, 48, 50, 100, 256, 1_000] {
            let (served, _) = serve_busy(count, mode, 12);
            let (least, most) = least_and_most(&served);
            assert!(
                least > 0 && least * 8 >= most,
                "{count}, {mode:?}: {least} to {most} times"
            );
        }
    }
}

fn least_and_most(served: &[u32]) -> (u32, u32) {
    let (least, most) = (served.iter().min(), served.iter().max());
    (*least.unwrap(), *most.unwrap())
}

/// Serves `count` sources that always have something to read. Returns how often each was served, and how
/// many events found nothing.
fn serve_busy(count: u32, mode: Mode, calls_per_event: u32) -> (Vec<u32>, u32) {
    let mut rig = Rig::new(WASMTIME);
    let keys: Vec<_> = (0..count).map(|id| rig.add(id, READ, mode)).collect();
    (0..count).for_each(|id| rig.arrive(id));
    let (mut served, mut unanswered) = (vec![0_u32; keys.len()], 0);
    for _ in 0..200 + 2 * count {
        for (token, _) in rig.try_select(None).unwrap() {
            let (id, key) = (u32::try_from(token).unwrap(), keys[token]);
            let is_answered = rig.world().call(calls_per_event);
            if is_answered {
                served[token] += 1;
                rig.world().now_ns += 10_000;
                rig.drain(id, key);
                rig.arrive(id);
            } else {
                unanswered += 1;
                rig.selector
                    .after_io(key, Direction::Read, IoOutcome::WouldBlock);
            }
            if mode == Mode::Oneshot {
                rig.selector
                    .reregister(key, Token(token), READ, mode)
                    .unwrap();
            }
        }
    }
    (served, unanswered)
}

/// What finds nothing among many may be without an answer. If none finds anything, that is no reason.
#[test]
fn many_sources_that_are_ready_for_nothing_do_not_spin() {
    for count in [8, 30, 200] {
        let mut rig = Rig::new(WASMTIME);
        let keys: Vec<_> = (0..count).map(|id| rig.source(id)).collect();
        (0..count).for_each(|id| rig.arrive(id));
        let end_ns = rig.world().now_ns + 1_000 * MS;
        let mut events = 0;
        while rig.world().now_ns < end_ns {
            for (token, _) in rig.try_select(Some(Duration::from_secs(1))).unwrap() {
                events += 1;
                rig.selector
                    .after_io(keys[token], Direction::Read, IoOutcome::WouldBlock);
            }
        }
        assert!(
            (3 * count..=30 * count).contains(&events),
            "{count}: {events} events per second"
        );
    }
}

/// libc reports all of them, and no place of the array comes first.
#[test]
fn many_descriptors_that_are_always_ready_are_all_reported() {
    for rules in [EXACT, WASMTIME] {
        let mut rig = Rig::new(rules);
        for id in 0..60 {
            rig.add_fd(id, READ, Mode::Level);
            rig.arrive(id);
        }
        let mut reported = [0; 60];
        for _ in 0..10 {
            for (token, _) in rig.try_select(None).unwrap() {
                reported[token] += 1;
            }
        }
        assert!(
            reported.iter().all(|times| *times >= 3),
            "{}: {reported:?}",
            rules.name
        );
    }
}
