//! Every public item of mio 1.2.5's documentation, by its signature: what is missing or
//! differs does not compile. It compiles against the registry's mio too, for Linux
//! and for WASI.

#![allow(clippy::type_complexity, reason = "signatures are what this is about")]

use std::fmt::Debug;
use std::hash::Hash;
use std::io;
use std::ops::{BitOr, BitOrAssign};
use std::time::Duration;

use mio::event::{self, Event, Source};
use mio::{Events, Interest, Poll, Registry, Token};

#[cfg(feature = "net")]
#[path = "api/net.rs"]
mod net;
#[cfg(all(unix, feature = "os-ext"))]
#[path = "api/unix.rs"]
mod unix;

/// The modules that hold documentation alone.
#[allow(unused_imports, reason = "that they are there")]
mod documentation {
    use mio::{features, guide};
}
/// What has two names.
#[allow(unused_imports, reason = "that they are there")]
mod second_names {
    use mio::event::Events;
}

const fn is_debug<T: Debug>() {}
const fn is_thread_safe<T: Send + Sync>() {}
const fn is_source<T: Source + ?Sized>() {}

/// `Poll` and `Registry`.
const _: () = {
    let _: fn() -> io::Result<Poll> = Poll::new;
    let _: fn(&Poll) -> &Registry = Poll::registry;
    let _: fn(&mut Poll, &mut Events, Option<Duration>) -> io::Result<()> = Poll::poll;
    let _: fn(&Registry) -> io::Result<Registry> = Registry::try_clone;
    let _: fn(&Registry, &mut Dummy, Token, Interest) -> io::Result<()> = Registry::register;
    let _: fn(&Registry, &mut Dummy, Token, Interest) -> io::Result<()> = Registry::reregister;
    let _: fn(&Registry, &mut Dummy) -> io::Result<()> = Registry::deregister;
    // A source may be unsized.
    let _: fn(&Registry, &mut (dyn Source + 'static), Token, Interest) -> io::Result<()> =
        Registry::register;
    is_debug::<Poll>();
    is_debug::<Registry>();
    is_thread_safe::<Poll>();
    is_thread_safe::<Registry>();
};

#[cfg(not(target_os = "wasi"))]
const _: () = {
    use mio::Waker;

    let _: fn(&Registry, Token) -> io::Result<Waker> = Waker::new;
    let _: fn(&Waker) -> io::Result<()> = Waker::wake;
    is_debug::<Waker>();
    is_thread_safe::<Waker>();
};

/// The descriptors of the selector.
#[cfg(unix)]
const _: () = {
    use std::os::fd::{AsFd, AsRawFd};

    const fn has_number<T: AsRawFd>() {}
    const fn has_descriptor<T: AsFd>() {}
    has_number::<Poll>();
    has_number::<Registry>();
    has_descriptor::<Registry>();
};

const _: () = {
    const fn derives<T: Copy + Clone + Debug + PartialEq + Eq + PartialOrd + Ord + Hash>() {}
    derives::<Token>();
};

#[test]
fn a_token_is_its_number() {
    let Token(number) = Token(7);
    assert_eq!(usize::from(Token(number)), 7);
}

const _: () = {
    const fn derives<T: Copy + Clone + Debug + PartialEq + Eq + PartialOrd + Ord>() {}
    const fn joins<T: BitOr<Output = T> + BitOrAssign>() {}
    derives::<Interest>();
    joins::<Interest>();
    let _: fn(Interest, Interest) -> Option<Interest> = Interest::remove;
};

#[test]
fn interests_are_joined_taken_apart_and_shown() {
    const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
    const IS: [bool; 5] = [
        BOTH.is_readable(),
        BOTH.is_writable(),
        BOTH.is_aio(),
        BOTH.is_lio(),
        BOTH.is_priority(),
    ];
    assert_eq!(IS, [true, true, false, false, false]);
    assert_eq!(BOTH.remove(Interest::READABLE), Some(Interest::WRITABLE));
    assert_eq!(BOTH.remove(BOTH), None);
    assert_eq!(format!("{BOTH:?}"), "READABLE | WRITABLE");
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn an_interest_in_priority_data_is_shown() {
    assert!(Interest::PRIORITY.is_priority());
    let all = Interest::READABLE | Interest::PRIORITY;
    assert_eq!(format!("{all:?}"), "READABLE | PRIORITY");
}

/// `Events` and `Event`.
const _: () = {
    let _: fn(usize) -> Events = Events::with_capacity;
    let _: fn(&Events) -> usize = Events::capacity;
    let _: fn(&Events) -> bool = Events::is_empty;
    let _: fn(&Events) -> event::Iter<'_> = Events::iter;
    let _: fn(&mut Events) = Events::clear;
    let _: fn(&Event) -> Token = Event::token;
    let _: [fn(&Event) -> bool; 8] = [
        Event::is_readable,
        Event::is_writable,
        Event::is_error,
        Event::is_read_closed,
        Event::is_write_closed,
        Event::is_priority,
        Event::is_aio,
        Event::is_lio,
    ];
    const fn is_clone<T: Clone>() {}
    const fn gives<'a, T: Iterator<Item = &'a Event>>() {}
    is_clone::<Event>();
    is_clone::<event::Iter<'_>>();
    is_debug::<Event>();
    is_debug::<Events>();
    is_debug::<event::Iter<'_>>();
    is_thread_safe::<Events>();
    is_thread_safe::<Event>();
    gives::<event::Iter<'_>>();
};

#[test]
fn new_events_have_room_and_are_empty() {
    let events = Events::with_capacity(4);
    assert_eq!((events.capacity(), events.is_empty()), (4, true));
    assert_eq!((&events).into_iter().count(), 0);
}

/// A source of somebody else's, as crates define them.
struct Dummy;

impl Source for Dummy {
    fn register(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        Ok(())
    }

    fn reregister(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        Ok(())
    }

    fn deregister(&mut self, _: &Registry) -> io::Result<()> {
        Ok(())
    }
}

const _: () = {
    is_source::<Dummy>();
    is_source::<dyn Source>();
    is_source::<Box<Dummy>>();
    is_source::<Box<dyn Source>>();
};

#[test]
fn a_source_may_be_boxed_and_without_a_size() {
    let poll = Poll::new().unwrap();
    let mut source: Box<dyn Source> = Box::new(Dummy);
    let registry = poll.registry();
    registry
        .register(&mut source, Token(0), Interest::READABLE)
        .unwrap();
    registry
        .reregister(&mut *source, Token(1), Interest::WRITABLE)
        .unwrap();
    registry.deregister(&mut source).unwrap();
}
