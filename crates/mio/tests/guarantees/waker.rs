//! `Waker`.

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use mio::{Token, Waker};

use super::{LIMIT, Loop};

#[test]
fn it_wakes_a_poll_from_another_thread_each_time() {
    let mut waiting = Loop::new();
    let waker = Arc::new(Waker::new(waiting.poll.registry(), Token(7)).unwrap());
    let (send, receive) = mpsc::channel();
    let other = Arc::clone(&waker);
    let thread = thread::spawn(move || {
        while let Ok(()) = receive.recv() {
            other.wake().unwrap();
        }
    });
    for _ in 0..100 {
        send.send(()).unwrap();
        waiting.wait(7, |event| event.is_readable());
    }
    drop(send);
    thread.join().unwrap();
    waiting.assert_silent();
}

#[test]
fn wakes_before_a_poll_merge_into_one_event() {
    let mut waiting = Loop::new();
    let waker = Waker::new(waiting.poll.registry(), Token(7)).unwrap();
    for _ in 0..10 {
        waker.wake().unwrap();
    }
    let events = waiting.poll(LIMIT);
    assert_eq!(events.len(), 1, "{events:?}");
    assert!(events[0].token() == Token(7) && events[0].is_readable());
    waiting.assert_silent();
}
