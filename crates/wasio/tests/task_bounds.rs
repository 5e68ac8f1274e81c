//! What one task, one waker or one thread does is no trouble to the others.
#![cfg(all(feature = "task", feature = "net"))]

mod util;

use std::future::{Future, pending};
use std::io::{Read, Write};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use util::{LIMIT, bounded};
use wasio::net::{TcpListener, TcpStream};
use wasio::task::{self, Async};
use wasio::{Events, Interest};

const SOON: Duration = Duration::from_millis(1);

/// A source and its peer.
fn pair() -> (TcpStream, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().unwrap();
    stream.set_nonblocking(true).unwrap();
    (TcpStream::from_std(stream), peer)
}

/// A peer that is faster than the task that reads. What the task reads is all there, so that it could
/// go on to the end.
#[test]
fn a_task_that_always_finds_something_lets_the_others_run() {
    const LEN: usize = 2_000;
    task::block_on(async {
        let (stream, mut peer) = pair();
        let stream = Async::new(stream).unwrap();
        peer.write_all(&[7; LEN]).unwrap();
        // All has arrived.
        while stream.get_ref().peek(&mut [0; LEN]).ok() != Some(LEN) {
            task::sleep(SOON).await.unwrap();
        }
        let count = Arc::new(AtomicUsize::new(0));
        let reads = Arc::clone(&count);
        let reader = task::spawn(async move {
            let mut byte = [0; 1];
            while reads.load(Ordering::Relaxed) < LEN {
                assert_eq!(stream.read(&mut byte).await.unwrap(), 1);
                reads.fetch_add(1, Ordering::Relaxed);
            }
        })
        .unwrap();
        let reads = Arc::clone(&count);
        let other = task::spawn(async move {
            task::sleep(Duration::ZERO).await.unwrap();
            reads.load(Ordering::Relaxed)
        })
        .unwrap();
        let seen = other.await;
        assert!((1..=LEN / 2).contains(&seen), "after {seen} of {LEN} reads");
        reader.await;
        assert_eq!(count.load(Ordering::Relaxed), LEN);
    })
    .unwrap();
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker of another executor");
    }
}

/// Polls a future once, and returns it.
fn polled<F: Future>(future: F, waker: &Waker) -> std::pin::Pin<Box<F>> {
    let mut future = Box::pin(future);
    assert!(
        future
            .as_mut()
            .poll(&mut Context::from_waker(waker))
            .is_pending()
    );
    future
}

#[test]
fn a_waker_that_panics_keeps_no_other_from_being_woken() {
    let mut poll = wasio::Poll::new().unwrap();
    let (one, mut peer_of_one) = pair();
    let (two, mut peer_of_two) = pair();
    let (one, two) = (
        Async::with_interest(one, Interest::READABLE).unwrap(),
        Async::with_interest(two, Interest::READABLE).unwrap(),
    );
    let panics = Waker::from(Arc::new(Panics));
    let (woken, is_woken) = flag();
    let _waits = [
        polled(one.readable(), &panics),
        polled(two.readable(), &woken),
    ];
    let _again = polled(one.readable(), &woken);
    peer_of_one.write_all(b"1").unwrap();
    peer_of_two.write_all(b"2").unwrap();
    let mut events = Events::with_capacity(8);
    while !is_woken(2) {
        poll.poll(&mut events, Some(LIMIT)).unwrap();
    }
    // Nor when the poll goes, and all are woken.
    drop(poll);
    assert!(is_woken(4));
}

/// A waker, and whether it was woken that often.
fn flag() -> (Waker, impl Fn(usize) -> bool) {
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&count));
    (waker, move |times| count.0.load(Ordering::SeqCst) >= times)
}

/// Runs a future as an executor that parks its thread does.
fn park_until<F: Future>(future: F) -> F::Output {
    struct Unpark(thread::Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

#[test]
fn a_thread_that_was_in_block_on_before_is_woken_by_a_helper() {
    bounded(|| {
        task::block_on(async {}).unwrap();
        let (stream, mut peer) = pair();
        let stream = Async::new(stream).unwrap();
        let write = thread::spawn(move || {
            thread::sleep(SOON);
            peer.write_all(b"x").unwrap();
            peer
        });
        let mut byte = [0; 1];
        assert_eq!(park_until(stream.read(&mut byte)).unwrap(), 1);
        write.join().unwrap();
        park_until(task::sleep(SOON)).unwrap();
    });
}

#[test]
fn a_task_that_another_thread_wakes_at_its_end_goes_with_its_thread() {
    bounded(|| {
        for _ in 0..300 {
            let held = Arc::new(());
            let in_task = Arc::clone(&held);
            let stop = Arc::new(AtomicBool::new(false));
            let (send, receive) = mpsc::channel::<Waker>();
            let is_stopped = Arc::clone(&stop);
            let waking = thread::spawn(move || {
                let waker = receive.recv().unwrap();
                while !is_stopped.load(Ordering::Relaxed) {
                    waker.wake_by_ref();
                }
            });
            let ending = thread::spawn(move || {
                let future = async move {
                    let _in_task = in_task;
                    std::future::poll_fn(|context| {
                        let _ = send.send(context.waker().clone());
                        Poll::<()>::Pending
                    })
                    .await;
                };
                task::spawn(future).unwrap().detach();
                task::block_on(task::sleep(Duration::from_micros(50)))
                    .unwrap()
                    .unwrap();
            });
            ending.join().unwrap();
            assert_eq!(Arc::strong_count(&held), 1, "the task is still there");
            stop.store(true, Ordering::Relaxed);
            waking.join().unwrap();
        }
    });
}

/// A source may be registered with the wrong one of two polls. When the thread waits in the other one,
/// the tasks that await the source are woken, and can move it.
#[test]
fn a_thread_that_waits_in_another_poll_wakes_the_tasks_of_the_last() {
    let mut one = wasio::Poll::new().unwrap();
    let mut two = wasio::Poll::new().unwrap();
    let mut events = Events::with_capacity(8);
    two.poll(&mut events, Some(Duration::ZERO)).unwrap();
    let (stream, _peer) = pair();
    let stream = Async::with_interest(stream, Interest::READABLE).unwrap();
    assert!(stream.is_registered_here());
    let (waker, is_woken) = flag();
    let waits = polled(stream.readable(), &waker);
    two.poll(&mut events, Some(Duration::ZERO)).unwrap();
    assert!(!is_woken(1));
    one.poll(&mut events, Some(Duration::ZERO)).unwrap();
    assert!(is_woken(1) && !stream.is_registered_here());
    drop(waits);
    let stream = Async::new(stream.into_inner().unwrap()).unwrap();
    assert!(stream.is_registered_here());
}

#[test]
fn what_was_there_before_the_budget_ended_is_not_lost() {
    let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let sent: Vec<u8> = (0..4_000_u32)
        .map(|number| number.to_le_bytes()[0])
        .collect();
    let expected = sent.clone();
    let peer = thread::spawn(move || {
        let mut peer = std::net::TcpStream::connect(address).unwrap();
        peer.write_all(&sent).unwrap();
        let mut echoed = vec![0; sent.len()];
        peer.read_exact(&mut echoed).unwrap();
        echoed
    });
    task::block_on(async {
        let listener = Async::new(listener).unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let _other = task::spawn(pending::<()>()).unwrap();
        let mut byte = [0; 1];
        for _ in 0..expected.len() {
            assert_eq!(stream.read(&mut byte).await.unwrap(), 1);
            stream.write_all(&byte).await.unwrap();
        }
    })
    .unwrap();
    assert_eq!(peer.join().unwrap(), expected);
}
