//! The table and the array together, against a simple model.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;
use crate::portable::{Part, Placed};

const CLOCK: u64 = 0;

impl Placed for u64 {
    const TAKES_TURNS: bool = true;
}

fn interest(number: u8) -> Interest {
    [
        Interest::READABLE,
        Interest::WRITABLE,
        Interest::READABLE | Interest::WRITABLE,
        Interest::PRIORITY,
    ][usize::from(number)]
}

#[derive(Clone, Debug)]
enum Op {
    Register {
        interest: u8,
        always: bool,
    },
    Reregister {
        which: usize,
        interest: u8,
    },
    Deregister {
        which: usize,
    },
    Arm {
        which: usize,
        write: bool,
        moved: bool,
    },
    Disarm {
        which: usize,
        write: bool,
    },
    Touch {
        which: usize,
        write: bool,
    },
    Refuse {
        which: usize,
    },
    Poll {
        times: u16,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let which = 0..40_usize;
    prop_oneof![
        4 => (0..4u8, proptest::bool::weighted(0.1))
            .prop_map(|(interest, always)| Op::Register { interest, always }),
        1 => (which.clone(), 0..4u8)
            .prop_map(|(which, interest)| Op::Reregister { which, interest }),
        2 => which.clone().prop_map(|which| Op::Deregister { which }),
        3 => (which.clone(), any::<bool>(), any::<bool>())
            .prop_map(|(which, write, moved)| Op::Arm { which, write, moved }),
        3 => (which.clone(), any::<bool>()).prop_map(|(which, write)| Op::Disarm { which, write }),
        4 => (which.clone(), any::<bool>()).prop_map(|(which, write)| Op::Touch { which, write }),
        1 => which.prop_map(|which| Op::Refuse { which }),
        4 => prop_oneof![Just(1_u16), 2..700_u16].prop_map(|times| Op::Poll { times }),
    ]
}

struct Known {
    interest: Interest,
    armed: [bool; 2],
    always: bool,
}

struct Model {
    sources: Sources<u32>,
    order: Order<u64>,
    known: HashMap<(u32, u32), Known>,
    keys: Vec<Key>,
    gone: Vec<Key>,
    /// Indices whose registration went since the array was last brought up to date.
    leaving: HashSet<u32>,
    next: u32,
}

fn direction(write: bool) -> Direction {
    Direction::BOTH[usize::from(write)]
}

const fn name(key: Key) -> (u32, u32) {
    (key.index, key.generation)
}

impl Model {
    fn new() -> Self {
        Self {
            sources: Sources::new(),
            order: Order::new(CLOCK),
            known: HashMap::new(),
            keys: Vec::new(),
            gone: Vec::new(),
            leaving: HashSet::new(),
            next: 0,
        }
    }

    fn key(&self, which: usize) -> Option<Key> {
        (!self.keys.is_empty()).then(|| self.keys[which % self.keys.len()])
    }

    fn run(&mut self, op: &Op) {
        match *op {
            Op::Register {
                interest: asked,
                always,
            } => self.register(interest(asked), always),
            Op::Reregister {
                which,
                interest: asked,
            } => {
                if let Some(key) = self.key(which) {
                    let asked = interest(asked);
                    assert!(self.sources.reregister(key, Token(1), asked, Mode::Edge));
                    let known = self.known.get_mut(&name(key)).unwrap();
                    known.interest = asked;
                    known.armed = [asked.is_readable(), asked.is_writable()];
                }
            }
            Op::Deregister { which } => {
                if let Some(key) = self.key(which) {
                    assert!(self.sources.deregister(key));
                    self.known.remove(&name(key));
                    self.keys.retain(|other| *other != key);
                    self.gone.push(key);
                    self.leaving.insert(key.index);
                }
            }
            Op::Arm {
                which,
                write,
                moved,
            } => {
                if let Some(key) = self.key(which) {
                    let known = self.known.get_mut(&name(key)).unwrap();
                    let wanted = [known.interest.is_readable(), known.interest.is_writable()];
                    let place = usize::from(write);
                    let changes = wanted[place] && !known.armed[place];
                    let hot = u32::try_from(self.order.hot()).unwrap();
                    let armed = (self.sources).after_io(key, direction(write), moved, true, hot);
                    assert_eq!(armed, changes);
                    known.armed[place] |= wanted[place];
                }
            }
            Op::Disarm { which, write } => {
                if let Some(key) = self.key(which) {
                    self.sources.disarm(key, direction(write));
                    self.known.get_mut(&name(key)).unwrap().armed[usize::from(write)] = false;
                }
            }
            Op::Touch { which, write } => {
                if let Some(key) = self.key(which) {
                    let hot = u32::try_from(self.order.hot()).unwrap();
                    self.sources.touch(key, direction(write), hot);
                }
            }
            Op::Refuse { which } => {
                if let Some(key) = self.key(which) {
                    self.sources.set_refused(key);
                    self.known.get_mut(&name(key)).unwrap().always = true;
                    assert!(self.sources.get(key).unwrap().refused);
                }
            }
            Op::Poll { times } => {
                for _ in 0..times {
                    self.reconcile();
                }
            }
        }
    }

    fn register(&mut self, interest: Interest, always: bool) {
        self.next += 1;
        let token = Token(usize::try_from(self.next).unwrap());
        let key = self
            .sources
            .register(self.next, token, interest, Mode::Edge, always)
            .unwrap();
        assert!(
            !self.leaving.contains(&key.index),
            "the array may still hold its record"
        );
        let armed = [interest.is_readable(), interest.is_writable()];
        let known = Known {
            interest,
            armed,
            always,
        };
        assert!(self.known.insert(name(key), known).is_none(), "a key twice");
        assert!(!self.gone.contains(&key), "an old key again");
        self.keys.push(key);
    }

    fn reconcile(&mut self) {
        let record = |_, key: Key, direction| key.to_userdata(direction);
        self.sources.reconcile(&mut self.order, record);
        self.leaving.clear();
    }

    fn check(&mut self) {
        self.reconcile();
        assert_eq!(self.sources.len(), self.keys.len());
        let everything = self.order.part(Part::All);
        let mut wanted = HashSet::new();
        let mut always = HashSet::new();
        for ((index, generation), known) in &self.known {
            let key = Key {
                index: *index,
                generation: *generation,
            };
            for place in Direction::BOTH {
                let armed = known.armed[place as usize];
                assert_eq!(self.sources.is_armed(key, place), armed);
                if armed {
                    let list = if known.always {
                        &mut always
                    } else {
                        &mut wanted
                    };
                    list.insert(key.to_userdata(place));
                }
            }
        }
        // Each armed slot exactly once, nothing else, and one clock between hot and cold.
        let records: HashSet<u64> = everything
            .iter()
            .copied()
            .filter(|one| *one != CLOCK)
            .collect();
        assert_eq!(records, wanted);
        assert_eq!(everything.len(), wanted.len() + 1);
        assert_eq!(everything[self.order.hot()], CLOCK);
        assert_eq!(self.order.part(Part::Hot).last(), Some(&CLOCK));
        assert_eq!(self.order.part(Part::Cold).first(), Some(&CLOCK));
        assert_eq!(self.order.hot() + self.order.cold(), self.order.len());
        self.check_positions();
        self.check_pieces();
        let listed = self.sources.always_ready().iter();
        let listed: Vec<u64> = listed.map(|(key, place)| key.to_userdata(*place)).collect();
        assert_eq!(listed.len(), always.len(), "listed twice, or not at all");
        assert_eq!(listed.into_iter().collect::<HashSet<_>>(), always);
        for key in &self.gone {
            assert!(self.sources.get(*key).is_none());
            assert!(!self.sources.is_armed(*key, Direction::Read));
        }
        let gone = self.gone.last().copied();
        assert!(gone.is_none_or(|key| !self.sources.deregister(key)));
    }

    fn check_positions(&self) {
        let owners = self.order.owners(self.order.places(Part::All));
        let records = self.order.part(Part::All);
        for (place, (owner, record)) in owners.iter().zip(records).enumerate() {
            if place == self.order.hot() {
                assert_eq!((*owner, *record), (SlotId::CLOCK, CLOCK));
                continue;
            }
            assert_eq!(self.sources.position(*owner) as usize, place);
            let (_, key, place) = self.sources.subscription(*owner).unwrap();
            assert_eq!(key.to_userdata(place), *record);
        }
    }

    /// Pieces hold each record once, each with one clock, and leave the array as it was.
    fn check_pieces(&mut self) {
        let before = self.order.part(Part::All).to_vec();
        for part in [Part::Hot, Part::Cold, Part::All] {
            for limit in [1, 3, 1000] {
                let mut seen = vec![CLOCK];
                for piece in self.order.pieces(part, limit).collect::<Vec<_>>() {
                    let slots = piece.len();
                    let loan = self.order.loan_of_piece(piece);
                    self.order.lend(&loan, |records| {
                        assert!(slots <= limit && records.len() == slots + 1);
                        assert_eq!(records.iter().filter(|one| **one == CLOCK).count(), 1);
                        seen.extend(records.iter().filter(|one| **one != CLOCK));
                    });
                }
                let mut wanted = self.order.part(part).to_vec();
                wanted.sort_unstable();
                seen.sort_unstable();
                assert_eq!(seen, wanted);
                assert_eq!(self.order.part(Part::All), before);
            }
        }
    }
}

/// The work of a case is the square of it, and Miri is a hundred times slower.
const MOST_OPS: usize = if cfg!(miri) { 40 } else { 150 };

proptest! {
    #[test]
    fn the_array_holds_what_is_armed_once_and_in_two_parts(
        ops in proptest::collection::vec(op(), 1..MOST_OPS),
    ) {
        let mut model = Model::new();
        for op in &ops {
            model.run(op);
            if matches!(op, Op::Poll { .. }) {
                model.check();
            }
        }
        model.check();
    }

    /// Whatever changes between two pieces of a turn: who stays cold has a look after no more
    /// others than there were, and a few for each that came or went.
    #[test]
    fn a_turn_through_the_cold_part_passes_over_nobody(
        steps in proptest::collection::vec((op(), 0..20_usize), 1..MOST_OPS),
    ) {
        let mut model = Model::new();
        let (mut unseen, mut before, mut len) = (HashSet::new(), HashSet::new(), 0);
        let mut looks_left = 0;
        for (op, limit) in &steps {
            if !matches!(op, Op::Poll { .. }) {
                model.run(op);
            }
            model.reconcile();
            let order = &mut model.order;
            let mut cold: HashSet<u64> = order.part(Part::Cold).iter().copied().collect();
            cold.remove(&CLOCK);
            // What changes its part may cost a few others a second look.
            let changes = cold.symmetric_difference(&before).count();
            looks_left += 3 * (changes + order.len().abs_diff(len));
            len = order.len();
            unseen.retain(|record| cold.contains(record));
            let piece = order.next_cold(*limit);
            prop_assert!(piece.len() <= *limit);
            prop_assert_eq!(piece.is_empty(), cold.is_empty() || *limit == 0);
            looks_left = looks_left.saturating_sub(piece.len());
            for place in piece {
                unseen.remove(&order.record(place));
            }
            if looks_left == 0 {
                prop_assert!(unseen.is_empty(), "{unseen:?}");
                looks_left = cold.len();
                unseen.clone_from(&cold);
            }
            before = cold;
        }
    }
}

fn polled(polls: u32, sources: &mut Sources<u32>, order: &mut Order<u64>) {
    for _ in 0..polls {
        sources.reconcile(order, |_, key, direction| key.to_userdata(direction));
    }
}

#[test]
fn what_moves_bytes_is_hot_and_what_does_not_cools() {
    let (mut sources, mut order) = (Sources::new(), Order::new(CLOCK));
    let keys: Vec<_> = (0..100)
        .map(|fd| {
            let read = Interest::READABLE;
            sources
                .register(fd, Token(0), read, Mode::Edge, false)
                .unwrap()
        })
        .collect();
    polled(1, &mut sources, &mut order);
    assert_eq!(order.hot(), 100, "what is new is hot");
    for _ in 0..2_000 {
        let hot = u32::try_from(order.hot()).unwrap();
        sources.touch(keys[7], Direction::Read, hot);
        polled(1, &mut sources, &mut order);
    }
    assert_eq!(order.hot(), 1);
    assert_eq!(
        order.part(Part::Hot)[0],
        keys[7].to_userdata(Direction::Read)
    );
    // Bytes, and no event, bring another one in.
    sources.touch(keys[8], Direction::Read, 1);
    polled(1, &mut sources, &mut order);
    assert_eq!(order.hot(), 2);
}

#[test]
fn disarming_and_arming_between_polls_leaves_the_array_alone() {
    let (mut sources, mut order) = (Sources::new(), Order::new(CLOCK));
    let read = Interest::READABLE;
    let key = sources
        .register(3, Token(0), read, Mode::Edge, false)
        .unwrap();
    polled(1, &mut sources, &mut order);
    sources.disarm(key, Direction::Read);
    assert!(sources.arm(key, Direction::Read));
    let mut made = 0;
    sources.reconcile(&mut order, |_, _, _| {
        made += 1;
        1
    });
    assert_eq!((made, order.len()), (0, 1));
}

#[test]
fn a_generation_is_never_zero() {
    let (mut sources, mut order) = (Sources::<u32>::new(), Order::new(CLOCK));
    let read = Interest::READABLE;
    let key = sources
        .register(3, Token(0), read, Mode::Edge, false)
        .unwrap();
    sources.entries[0].generation = u32::MAX;
    assert!(!sources.deregister(key));
    let key = Key {
        index: 0,
        generation: u32::MAX,
    };
    assert!(sources.deregister(key));
    polled(1, &mut sources, &mut order);
    let key = sources
        .register(3, Token(0), read, Mode::Edge, false)
        .unwrap();
    assert_eq!((key.index, key.generation), (0, 1));
}

#[test]
fn each_direction_comes_first_now_and_then() {
    let (mut sources, mut order) = (Sources::new(), Order::new(CLOCK));
    let both = Interest::READABLE | Interest::WRITABLE;
    for fd in 0..4 {
        let key = sources.register(fd, Token(0), both, Mode::Edge, false);
        assert!(key.is_some());
        // Some are inserted as cold ones, too.
        polled(100, &mut sources, &mut order);
    }
    let mut first = HashSet::new();
    for _ in 0..200 {
        polled(1, &mut sources, &mut order);
        let records = order.part(Part::All);
        first.insert(records[usize::from(records[0] == CLOCK)]);
    }
    assert_eq!(first.len(), 8);
}
