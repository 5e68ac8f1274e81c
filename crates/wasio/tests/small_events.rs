//! More is ready than the caller has room for: nothing is lost, nobody starves, and a
//! poll allocates nothing.
#![cfg(feature = "net")]

mod util;

use std::collections::BTreeSet;
use std::io::Write;
use std::time::{Duration, Instant};

use util::{assert_prompt, assert_silent, bounded, connection, drain, poll};
use wasio::event::Event;
use wasio::net::TcpStream;
use wasio::time::Timer;
use wasio::{Events, Interest, Poll, Token, Waker};

const SOURCES: usize = 20;

fn ready_sources(poll: &Poll) -> Vec<(TcpStream, std::net::TcpStream)> {
    (0..SOURCES)
        .map(|token| {
            let (mut ours, mut peer) = connection();
            poll.registry()
                .register(&mut ours, Token(token), Interest::READABLE)
                .unwrap();
            peer.write_all(b"x").unwrap();
            (ours, peer)
        })
        .collect()
}

#[test]
fn edges_that_found_no_room_come_with_the_next_polls_and_each_once() {
    bounded(|| {
        for capacity in [1, 2, 7, SOURCES - 1, SOURCES] {
            let mut poll = Poll::new().unwrap();
            let mut events = Events::with_capacity(capacity);
            let _sources = ready_sources(&poll);
            let mut seen = BTreeSet::new();
            while seen.len() < SOURCES {
                let found = util::poll(&mut poll, &mut events);
                assert!(found.len() <= capacity);
                for event in found {
                    assert!(seen.insert(event.token()), "twice: {event:?}");
                }
            }
            assert_silent(&mut poll, &mut events);
        }
    });
}

#[test]
fn the_capacity_may_change_from_poll_to_poll() {
    bounded(|| {
        let mut poll = Poll::new().unwrap();
        let _sources = ready_sources(&poll);
        let mut seen = BTreeSet::new();
        for capacity in [1, 5, 2, 100] {
            let mut events = Events::with_capacity(capacity);
            for event in util::poll(&mut poll, &mut events) {
                assert!(seen.insert(event.token()), "twice: {event:?}");
            }
        }
        assert_eq!(seen.len(), SOURCES);
    });
}

#[test]
fn timers_and_the_waker_have_their_turn_beside_busy_sources() {
    bounded(|| {
        const TIMER: Token = Token(1000);
        const WAKER: Token = Token(1001);
        let mut poll = Poll::new().unwrap();
        let mut events = Events::with_capacity(2);
        let mut sources = ready_sources(&poll);
        let mut timer = Timer::oneshot(Duration::ZERO);
        let waker = Waker::new(poll.registry(), WAKER).unwrap();
        poll.registry()
            .register(&mut timer, TIMER, Interest::READABLE)
            .unwrap();
        waker.wake().unwrap();
        let mut seen = BTreeSet::new();
        for _ in 0..SOURCES * 2 {
            for event in util::poll(&mut poll, &mut events) {
                seen.insert(event.token());
                if let Some((ours, peer)) = sources.get_mut(event.token().0) {
                    // Drained and ready again: there are always more than there is room for.
                    drain(&*ours);
                    peer.write_all(b"x").unwrap();
                }
            }
        }
        assert!(seen.contains(&TIMER) && seen.contains(&WAKER), "{seen:?}");
        assert_eq!(seen.len(), SOURCES + 2, "{seen:?}");
    });
}

// The wake-up of the operating system is used up by the poll that had no room for the waker's
// event. Who goes first changes from poll to poll: all beginnings are tried.
#[test]
fn what_had_no_room_is_not_waited_for_again() {
    bounded(|| {
        let mut delays = Vec::new();
        for polls_before in 0..6 {
            let mut poll = Poll::new().unwrap();
            let mut events = Events::with_capacity(1);
            let waker = Waker::new(poll.registry(), Token(2)).unwrap();
            for _ in 0..polls_before {
                poll.poll(&mut events, Some(Duration::ZERO)).unwrap();
            }
            let (mut ours, mut peer) = connection();
            peer.write_all(b"x").unwrap();
            poll.registry()
                .register(&mut ours, Token(0), Interest::READABLE)
                .unwrap();
            let mut timer = Timer::oneshot(Duration::ZERO);
            poll.registry()
                .register(&mut timer, Token(1), Interest::READABLE)
                .unwrap();
            waker.wake().unwrap();
            let started = Instant::now();
            let mut seen = BTreeSet::new();
            for _ in 0..3 {
                seen.extend(util::poll(&mut poll, &mut events).iter().map(Event::token));
            }
            assert_eq!(seen.len(), 3, "{seen:?}");
            delays.push(started.elapsed());
        }
        assert_prompt(delays);
    });
}

#[test]
fn a_poll_allocates_nothing_once_it_is_warm() {
    bounded(|| {
        let mut source = Poll::new().unwrap();
        let mut events = Events::with_capacity(64);
        let mut sources = ready_sources(&source);
        let waker = Waker::new(source.registry(), Token(1001)).unwrap();
        let mut timer = Timer::periodic(Duration::from_nanos(1));
        source
            .registry()
            .register(&mut timer, Token(1000), Interest::READABLE)
            .unwrap();
        let mut buffer = [0; 8];
        let mut round = || {
            waker.wake().unwrap();
            for (ours, peer) in &mut sources {
                peer.write_all(b"x").unwrap();
                while std::io::Read::read(ours, &mut buffer).is_ok() {}
            }
            source.poll(&mut events, None).unwrap();
            source.poll(&mut events, Some(Duration::ZERO)).unwrap();
        };
        round();
        let counted = allocation_counter::measure(|| {
            for _ in 0..10 {
                round();
            }
        });
        assert_eq!(counted.count_total, 0, "{counted:?}");
        assert!(!poll(&mut source, &mut events).is_empty());
    });
}
