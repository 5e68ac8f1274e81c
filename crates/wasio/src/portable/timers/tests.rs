//! The heap against an ordered map.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::Token;

fn pop_due(timers: &mut Timers, now_ns: u64) -> Option<Token> {
    timers.pop_due(now_ns).map(|notify| match notify {
        Notify::Token(token) => token,
        #[cfg(feature = "task")]
        Notify::Tasks(_) => unreachable!("none was registered"),
    })
}

#[derive(Clone, Debug)]
enum Op {
    Register(Option<(u64, u64)>),
    Set(usize, Option<(u64, u64)>),
    Reregister(usize),
    Deregister(usize),
    Advance(u64),
    Take(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let period = prop_oneof![3 => Just(0_u64), 1 => 1..300_u64];
    let expiry = proptest::option::weighted(0.8, (0..1_000_u64, period));
    let which = 0..60_usize;
    prop_oneof![
        4 => expiry.clone().prop_map(Op::Register),
        4 => (which.clone(), expiry).prop_map(|(which, expiry)| Op::Set(which, expiry)),
        1 => which.clone().prop_map(Op::Reregister),
        2 => which.clone().prop_map(Op::Deregister),
        4 => (0..400_u64).prop_map(Op::Advance),
        2 => which.prop_map(Op::Take),
    ]
}

#[derive(Default)]
struct Known {
    token: usize,
    pending: Option<(u64, u64)>,
    expirations: u64,
}

struct Model {
    timers: Timers,
    /// By index and generation.
    known: BTreeMap<(u32, u32), Known>,
    keys: Vec<Key>,
    now_ns: u64,
    next: usize,
}

const fn name(key: Key) -> (u32, u32) {
    (key.index, key.generation)
}

impl Model {
    fn expiry(&self, expiry: Option<(u64, u64)>) -> Option<Expiry> {
        expiry.map(|(after_ns, period_ns)| Expiry {
            deadline_ns: self.now_ns + after_ns,
            period_ns,
        })
    }

    fn key(&self, which: usize) -> Option<Key> {
        (!self.keys.is_empty()).then(|| self.keys[which % self.keys.len()])
    }

    fn run(&mut self, op: &Op) {
        match *op {
            Op::Register(expiry) => {
                self.next += 1;
                let key = self
                    .timers
                    .register(Token(self.next), self.expiry(expiry))
                    .unwrap();
                let known = Known {
                    token: self.next,
                    pending: self
                        .expiry(expiry)
                        .map(|one| (one.deadline_ns, one.period_ns)),
                    expirations: 0,
                };
                assert!(self.known.insert(name(key), known).is_none(), "a key twice");
                self.keys.push(key);
            }
            Op::Set(which, expiry) => {
                if let Some(key) = self.key(which) {
                    let expiry = self.expiry(expiry);
                    assert!(self.timers.set(key, expiry));
                    let known = self.known.get_mut(&name(key)).unwrap();
                    known.pending = expiry.map(|one| (one.deadline_ns, one.period_ns));
                    known.expirations = 0;
                }
            }
            Op::Reregister(which) => {
                if let Some(key) = self.key(which) {
                    self.next += 1;
                    assert!(self.timers.reregister(key, Token(self.next)));
                    self.known.get_mut(&name(key)).unwrap().token = self.next;
                }
            }
            Op::Deregister(which) => {
                if let Some(key) = self.key(which) {
                    assert!(self.timers.deregister(key));
                    assert!(!self.timers.deregister(key) && !self.timers.set(key, None));
                    assert!(self.timers.take_expirations(key).is_none());
                    self.known.remove(&name(key));
                    self.keys.retain(|other| *other != key);
                }
            }
            Op::Advance(by_ns) => self.advance(by_ns),
            Op::Take(which) => {
                if let Some(key) = self.key(which) {
                    let known = self.known.get_mut(&name(key)).unwrap();
                    let wanted = std::mem::take(&mut known.expirations);
                    assert_eq!(self.timers.take_expirations(key), Some(wanted));
                }
            }
        }
        assert_eq!(self.timers.len(), self.known.len());
        let next = self.known.values().filter_map(|known| known.pending);
        let next = next.map(|(deadline_ns, _)| deadline_ns).min();
        assert_eq!(self.timers.next_deadline_ns(), next);
    }

    fn advance(&mut self, by_ns: u64) {
        self.now_ns += by_ns;
        let mut last_ns = 0;
        while let Some(token) = pop_due(&mut self.timers, self.now_ns) {
            let known = self
                .known
                .values_mut()
                .find(|known| known.token == token.0)
                .unwrap();
            let (deadline_ns, period_ns) = known.pending.take().expect("it was not set");
            assert!(deadline_ns <= self.now_ns, "early");
            assert!(deadline_ns >= last_ns, "out of order");
            last_ns = deadline_ns;
            known.expirations += 1;
            if let Some(missed) = (self.now_ns - deadline_ns).checked_div(period_ns) {
                known.expirations += missed;
                let next_ns = deadline_ns + (missed + 1) * period_ns;
                assert!(next_ns > self.now_ns, "a period twice in one poll");
                known.pending = Some((next_ns, period_ns));
            }
        }
    }
}

/// The work of a case is the square of it, and Miri is a hundred times slower.
const MOST_OPS: usize = if cfg!(miri) { 60 } else { 300 };

proptest! {
    #[test]
    fn timers_fire_as_in_an_ordered_map(ops in proptest::collection::vec(op(), 1..MOST_OPS)) {
        let mut model = Model {
            timers: Timers::new(),
            known: BTreeMap::new(),
            keys: Vec::new(),
            now_ns: 0,
            next: 0,
        };
        for op in &ops {
            model.run(op);
        }
        model.advance(10_000);
        let pending = model.known.values().filter_map(|known| known.pending);
        prop_assert!(pending.into_iter().all(|(deadline_ns, _)| deadline_ns > model.now_ns));
    }
}

#[test]
fn the_end_of_time_is_no_overflow() {
    let mut timers = Timers::new();
    let end = |period_ns| {
        Some(Expiry {
            deadline_ns: u64::MAX - 5,
            period_ns,
        })
    };
    let key = timers.register(Token(1), end(u64::MAX)).unwrap();
    assert_eq!(pop_due(&mut timers, u64::MAX - 6), None);
    assert_eq!(pop_due(&mut timers, u64::MAX - 5), Some(Token(1)));
    assert_eq!(timers.next_deadline_ns(), Some(u64::MAX));
    assert_eq!(timers.take_expirations(key), Some(1));
}

#[test]
fn slots_are_used_again_under_another_generation() {
    let mut timers = Timers::new();
    let first = timers.register(Token(1), None).unwrap();
    assert!(timers.deregister(first));
    let second = timers.register(Token(2), None).unwrap();
    assert_eq!(first.index, second.index);
    assert!(!timers.reregister(first, Token(3)), "the old key");
    assert!(timers.reregister(second, Token(3)));
}
