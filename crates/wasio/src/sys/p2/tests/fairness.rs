//! Each kind of event is reported before long, whatever the room.

use std::collections::HashMap;
use std::time::Duration;

use super::rig::{READ, Rig};
use super::rules::{ALL, WASMTIME};
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

/// wasmtime answers 128 calls until the guest waits. So the operations of what is reported
/// late find nothing.
#[test]
fn busy_sources_are_served_alike_where_the_host_answers_few_calls() {
    const SERVED_PER_WAIT: usize = 20;
    for count in [24, 50, 100, 256, 1000] {
        let mut rig = Rig::new(WASMTIME);
        let keys: Vec<_> = (0..count).map(|id| rig.source(id)).collect();
        (0..count).for_each(|id| rig.arrive(id));
        let mut served = vec![0_u32; keys.len()];
        for _ in 0..2_000 {
            let said = rig.try_select(None).unwrap();
            for (place, (token, _)) in said.into_iter().enumerate() {
                let (id, key) = (u32::try_from(token).unwrap(), keys[token]);
                if place < SERVED_PER_WAIT {
                    served[token] += 1;
                    rig.world().now_ns += 10_000;
                    rig.drain(id, key);
                    rig.arrive(id);
                } else {
                    rig.selector
                        .after_io(key, Direction::Read, IoOutcome::WouldBlock);
                }
            }
        }
        let (least, most) = (served.iter().min(), served.iter().max());
        let (least, most) = (*least.unwrap(), *most.unwrap());
        assert!(
            least * 2 >= most,
            "of {count}: {least} to {most} times {served:?}"
        );
    }
}
