//! That an operation costs the same beside a million idle sources as beside ten thousand: the calls of
//! the host and the entries of the tables are counted and, where this is a guest of `wasio-host`, the
//! instructions and the bytes. Those of the scripted host are left out.

use std::sync::Arc;
use std::time::Duration;

use super::super::alone::Alone;
use super::super::bindings::{CliResult, read_stdin};
use super::super::receiver::Receiver;
use super::super::selector::Selector;
use super::super::target::Target;
use super::imports;
use super::rig::{Turn, host, selector};
use super::rules::WASMTIME;
use crate::io_outcome::IoOutcome;
use crate::portable::{Direction, Directions, Key, touches};
use crate::{Events, Interest, Mode, Token};

const FEW: u32 = 10_000;
const MANY: u32 = 1_000_000;
/// How often each operation is done beside them.
const TIMES: u32 = 500;
/// What an operation may cost beside many, as a multiple of the cost beside few. It is less than the
/// 1.2 that is promised, as up to a fifth of the instructions are of counting.
const MOST: f64 = 1.1;
/// The bytes of each source: the least are those of its read in flight, and the most are those where
/// the tables have just doubled.
const BYTES: std::ops::RangeInclusive<i64> = 124..=448;

/// An idle source of a selector.
struct Idle {
    id: u32,
    receiver: Arc<Alone<Receiver<CliResult>>>,
    key: Key,
}

impl Idle {
    fn open(id: u32, selector: &Selector) -> Self {
        imports::host(|host| host.next_peer = id);
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

    fn read(&self, selector: &Selector) {
        let (mut receiver, signal) = (self.receiver.part(), &self.receiver.signal);
        assert_eq!(receiver.read(signal, &mut [0; 8]).unwrap(), 1);
        drop(receiver);
        selector.after_io(self.key, Direction::Read, IoOutcome::Partial);
    }

    fn close(self, selector: &Selector) {
        selector.deregister(self.key).unwrap();
        drop(self.receiver);
        imports::host(|host| host.peers.remove(&self.id));
    }
}

/// Returns the tokens of the events of a wait.
fn select(selector: &Selector, events: &mut Events, timeout: Option<Duration>) -> Vec<usize> {
    events.clear();
    selector.select(events, timeout).unwrap();
    let are_readable = events.iter().all(|event| event.is_readable());
    assert!(are_readable, "{events:?}");
    events.iter().map(|event| event.token().0).collect()
}

/// What is counted.
#[cfg(target_os = "wasi")]
const COUNTED: [&str; 3] = ["calls", "entries", "instructions"];
#[cfg(not(target_os = "wasi"))]
const COUNTED: [&str; 2] = ["calls", "entries"];

/// The calls of the host, the entries of tables that were read or written, and the instructions.
fn so_far() -> [u64; COUNTED.len()] {
    let calls = host().calls;
    [
        calls,
        touches(),
        #[cfg(target_os = "wasi")]
        imports::instructions(),
    ]
}

/// What an operation has cost.
struct Cost {
    times: u32,
    counts: [u64; COUNTED.len()],
}

impl Cost {
    fn each(&self, index: usize) -> f64 {
        self.counts[index] as f64 / f64::from(self.times)
    }

    fn check(&self, name: &str, few: &Self) {
        for (index, what) in COUNTED.iter().enumerate() {
            let (few, many) = (few.each(index), self.each(index));
            assert!(few >= 1.0, "{name}: no {what} are counted");
            assert!(
                many <= MOST * few,
                "{name}: {few:.2} {what} became {many:.2}"
            );
        }
    }
}

/// The costs of the operations so far, in one order.
struct Costs<'a> {
    /// Those beside few, once they are known.
    few: &'a [Cost],
    all: Vec<Cost>,
}

impl Costs<'_> {
    /// Does an operation `times` times.
    fn add(&mut self, name: &str, times: u32, mut operation: impl FnMut(u32)) {
        let before = so_far();
        let cost = |times| {
            let after = so_far();
            let counts = std::array::from_fn(|index| after[index] - before[index]);
            Cost { times, counts }
        };
        let few = self.few.get(self.all.len());
        for time in 0..times {
            // A cost that grows is found before it was paid a million times.
            if let Some(few) = few
                && time > 0
                && time.is_multiple_of(FEW)
            {
                cost(time).check(name, few);
            }
            operation(time);
        }
        let cost = cost(times);
        if let Some(few) = few {
            for (index, what) in COUNTED.iter().enumerate() {
                let (few, many) = (few.each(index), cost.each(index));
                println!("{name}: {few:.2} {what}, then {many:.2}");
            }
            cost.check(name, few);
        }
        self.all.push(cost);
    }
}

/// The bytes that were allocated and not given back, for each of `count`.
#[cfg(target_os = "wasi")]
fn bytes_each(count: u32, work: impl FnOnce()) -> Option<i64> {
    let memory = allocation_counter::measure(work);
    Some(memory.bytes_current / i64::from(count))
}

#[cfg(not(target_os = "wasi"))]
fn bytes_each(_: u32, work: impl FnOnce()) -> Option<i64> {
    work();
    None
}

/// The costs of the operations beside `count` idle sources, and of opening and closing those, while
/// the tables grow.
fn costs(count: u32, few: &[Cost]) -> Vec<Cost> {
    let _turn = Turn::new(WASMTIME);
    let selector = selector();
    let mut idle = Vec::with_capacity(count as usize);
    let mut more = Vec::with_capacity(TIMES as usize);
    let mut events = Events::with_capacity(8);
    let mut costs = Costs {
        few,
        all: Vec::new(),
    };
    let bytes = bytes_each(count, || {
        let open = |id| idle.push(Idle::open(id, &selector));
        costs.add("register all", count, open);
    });
    if let Some(bytes) = bytes {
        println!("{bytes} bytes of each of {count} sources");
        assert!(BYTES.contains(&bytes));
    }
    // The first wait takes up each registration once.
    let no_time = Some(Duration::ZERO);
    assert_eq!(select(&selector, &mut events, no_time), []);
    costs.add("register", TIMES, |time| {
        more.push(Idle::open(count + time, &selector));
    });
    assert_eq!(host().in_flight(), idle.len() + more.len());
    costs.add("wait", TIMES, |_| {
        let timeout = Some(Duration::from_micros(50));
        assert_eq!(select(&selector, &mut events, timeout), []);
    });
    costs.add("deliver", TIMES, |time| {
        let source = &idle[(time * (count / TIMES)) as usize];
        imports::host(|host| host.change(source.id, |peer| peer.sent += 1));
        let found = select(&selector, &mut events, None);
        assert_eq!(found, [source.id as usize]);
        source.read(&selector);
    });
    let mut more = more.drain(..);
    costs.add("deregister", TIMES, |_| {
        more.next().unwrap().close(&selector);
    });
    let mut idle = idle.drain(..);
    costs.add("deregister all", count, |_| {
        idle.next().unwrap().close(&selector);
    });
    costs.all
}

#[test]
fn an_operation_costs_the_same_beside_a_million_idle_sources() {
    let few = costs(FEW, &[]);
    costs(MANY, &few);
}
