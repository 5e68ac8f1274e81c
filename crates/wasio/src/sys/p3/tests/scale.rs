//! That an operation costs the same beside a million idle sources as beside ten thousand: the calls of
//! the host and the entries of the tables are counted.

use std::sync::Arc;
use std::time::Duration;

use super::super::alone::Alone;
use super::super::bindings::{CliResult, read_stdin};
use super::super::receiver::Receiver;
use super::super::selector::Selector;
use super::super::target::Target;
use super::rig::{Turn, host, selector};
use super::rules::WASMTIME;
use crate::io_outcome::IoOutcome;
use crate::portable::tests::said::{self, readable};
use crate::portable::{Direction, Directions, Key, touches};
use crate::{Events, Interest, Mode, Token};

const FEW: u32 = 10_000;
const MANY: u32 = 1_000_000;
/// How often each operation is done.
const TIMES: u32 = 500;

/// An idle source of a selector.
struct Idle {
    id: u32,
    receiver: Arc<Alone<Receiver<CliResult>>>,
    key: Key,
}

impl Idle {
    fn open(id: u32, selector: &Selector) -> Self {
        host().next_peer = id;
        let mut receiver = Receiver::new(|_| std::io::ErrorKind::Other.into());
        receiver.open(read_stdin());
        let receiver = Alone::new(receiver, Directions::NONE);
        receiver.part().arm(&receiver.signal);
        let target = Target::Signal(receiver.signal.id());
        let token = Token(id as usize);
        let registered = selector.register_source(target, token, Interest::READABLE, Mode::Edge);
        Self {
            id,
            receiver,
            key: registered.unwrap(),
        }
    }

    fn close(self, selector: &Selector) {
        selector.deregister(self.key).unwrap();
        drop(self.receiver);
        host().peers.remove(&self.id);
    }
}

/// The calls of the host, and the entries of tables that were read or written.
fn so_far() -> [u64; 2] {
    let calls = host().calls;
    [calls, touches()]
}

fn cost(operation: impl FnOnce()) -> [u64; 2] {
    let [calls, touches] = so_far();
    operation();
    let [calls_after, touches_after] = so_far();
    [calls_after - calls, touches_after - touches]
}

/// The cost of each operation, done `TIMES` times beside `count` idle sources. The operations are:
/// register, wait, deliver with a read, deregister.
fn costs(count: u32) -> [[u64; 2]; 4] {
    let _turn = Turn::new(WASMTIME);
    let selector = selector();
    let mut idle: Vec<Idle> = (0..count).map(|id| Idle::open(id, &selector)).collect();
    let mut events = Events::with_capacity(8);
    // The first wait takes up each registration once.
    let no_time = Some(Duration::ZERO);
    assert_eq!(said::select(&selector, &mut events, no_time).unwrap(), []);
    let mut more = Vec::new();
    let register = cost(|| more.extend((count..count + TIMES).map(|id| Idle::open(id, &selector))));
    assert_eq!(host().in_flight(), idle.len() + more.len());
    let wait = cost(|| {
        for _ in 0..TIMES {
            let timeout = Some(Duration::from_micros(50));
            assert_eq!(said::select(&selector, &mut events, timeout).unwrap(), []);
        }
    });
    let deliver = cost(|| {
        for time in 0..TIMES {
            let source = &idle[(time * (count / TIMES)) as usize];
            host().change(source.id, |peer| peer.sent += 1);
            let found = said::select(&selector, &mut events, None).unwrap();
            assert_eq!(found, readable(&[source.id as usize]));
            let (mut receiver, signal) = (source.receiver.part(), &source.receiver.signal);
            assert_eq!(receiver.read(signal, &mut [0; 8]).unwrap(), 1);
            drop(receiver);
            selector.after_io(source.key, Direction::Read, IoOutcome::Partial);
        }
    });
    let deregister = cost(|| {
        for source in more.drain(..) {
            source.close(&selector);
        }
    });
    for source in idle.drain(..) {
        source.close(&selector);
    }
    [register, wait, deliver, deregister]
}

#[test]
fn an_operation_costs_the_same_beside_a_million_idle_sources() {
    let (few, many) = (costs(FEW), costs(MANY));
    let names = ["register", "wait", "deliver", "deregister"];
    for (name, (few, many)) in names.iter().zip(few.iter().zip(many)) {
        for (few, many) in few.iter().zip(many) {
            assert!(*few >= u64::from(TIMES), "{name} is not counted: {few}");
            assert!(10 * many <= 12 * few, "{name}: {few} became {many}");
        }
    }
}
