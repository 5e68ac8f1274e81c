//! Independent selectors that start with the same registrations.

use super::rig::{READ, Rig, Said, WRITE, readable, sorted};
use super::rules::EXACT;
use crate::portable::Selector;
use crate::portable::tests::said;
use crate::sys::p2::backend::P2;
use crate::sys::p2::target::Target;
use crate::{Events, Mode, Token};
use std::time::Duration;

use super::host::Scripted;

fn poll(fork: &Selector<P2<Scripted>>) -> Vec<Said> {
    let mut events = Events::with_capacity(1024);
    let timeout = Some(Duration::from_millis(30));
    sorted(said::select(fork, &mut events, timeout).unwrap())
}

#[test]
fn a_fork_waits_for_pollables_and_for_descriptors() {
    let rig = Rig::new(EXACT);
    rig.source(1);
    rig.add_fd(2, READ, Mode::Level);
    let fork = rig.selector.fork().unwrap();
    rig.arrive(1);
    rig.arrive(2);
    assert_eq!(poll(&fork), readable(&[1, 2]));
}

/// What was alone in the array, where libc waits for it, no longer is.
#[test]
fn a_fork_of_descriptors_to_which_a_pollable_came_waits_for_both() {
    let mut rig = Rig::new(EXACT);
    rig.add_fd(2, READ, Mode::Level);
    assert_eq!(rig.poll(), []);
    rig.source(1);
    let fork = rig.selector.fork().unwrap();
    rig.arrive(2);
    assert_eq!(poll(&fork), readable(&[2]));
    rig.arrive(1);
    assert_eq!(poll(&fork), readable(&[1, 2]));
}

/// The host traps on a handle that is gone, so the scripted host does.
#[test]
fn a_pollable_that_goes_leaves_every_fork() {
    let mut rig = Rig::new(EXACT);
    let key = rig.source(1);
    let fork = rig.selector.fork().unwrap();
    assert_eq!(poll(&fork), []);
    rig.close(key, 1);
    rig.source(2);
    assert_eq!(poll(&fork), []);
    rig.arrive(2);
    assert_eq!(rig.poll(), readable(&[2]));
    assert_eq!(poll(&fork), [], "it came after the fork");
}

#[test]
fn a_fork_is_level_triggered_and_has_no_part_in_what_comes_later() {
    let mut rig = Rig::new(EXACT);
    let key = rig.source(1);
    let fork = rig.selector.fork().unwrap();
    rig.arrive(1);
    assert_eq!(rig.poll(), readable(&[1]));
    assert_eq!(rig.poll(), [], "edge-triggered");
    for _ in 0..3 {
        assert_eq!(poll(&fork), readable(&[1]), "level-triggered");
    }
    rig.world().source(1).room = true;
    rig.selector
        .reregister(key, Token(9), READ | WRITE, Mode::Edge)
        .unwrap();
    assert_eq!(rig.poll(), [(9, "rw".to_owned())]);
    assert_eq!(poll(&fork), readable(&[1]));
}

/// The host is asked again about more than a batch, and knows nothing of what was read ahead.
#[test]
fn a_fork_reports_all_that_was_read_ahead_of_many() {
    let rig = Rig::new(EXACT);
    for id in 0..60 {
        let [read, write] = rig.world().open(id);
        let ahead = Target::pollables(read, write).with_read_ahead(true);
        let token = Token(usize::try_from(id).unwrap());
        (rig.selector)
            .register_source(ahead, token, READ, Mode::Level)
            .unwrap();
    }
    let fork = rig.selector.fork().unwrap();
    let mut said: Vec<Said> = (0..10).flat_map(|_| poll(&fork)).collect();
    said.sort_unstable();
    let all: Vec<usize> = (0..60).collect();
    assert_eq!(said, sorted(readable(&all)));
}

/// Only the selector that a source is registered with learns that what was read ahead is taken.
#[test]
fn a_fork_reports_once_what_was_read_ahead() {
    let mut rig = Rig::new(EXACT);
    let [read, write] = rig.world().open(1);
    let target = Target::pollables(read, write);
    let ahead = target.with_read_ahead(true);
    let key = (rig.selector)
        .register_source(ahead, Token(1), READ, Mode::Level)
        .unwrap();
    let fork = rig.selector.fork().unwrap();
    for _ in 0..3 {
        assert_eq!(rig.poll(), readable(&[1]), "nobody has taken it");
    }
    assert_eq!(poll(&fork), readable(&[1]));
    assert_eq!(poll(&fork), [], "it may be taken by now");
    rig.selector.set_source(key, target);
    assert_eq!(rig.poll(), []);
    rig.arrive(1);
    assert_eq!(poll(&fork), readable(&[1]));
    rig.close(key, 1);
    assert_eq!(poll(&fork), []);
}
