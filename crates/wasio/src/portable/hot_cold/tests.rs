//! The table, the array and the heat together, against a simple model.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::array::HostRecord;
use super::*;
use crate::portable::key::SlotId;
use crate::portable::{Directions, Waits};
use crate::{Interest, Mode, RawDescriptor, Token};

const READ: Interest = Interest::READABLE;
const CLOCK: u64 = 0;

/// A record is the label of its direction.
impl HostRecord for u64 {
    const ROTATES: bool = true;
}

#[derive(Copy, Clone, Debug)]
struct NoFd;

impl Source for NoFd {
    fn descriptor(&self) -> Option<RawDescriptor> {
        None
    }
}

/// What a backend has of each.
struct Parts {
    table: Registrations<NoFd, Warmth>,
    heat: Heat,
    array: PollArray<u64>,
}

impl Parts {
    fn new() -> Self {
        Self {
            table: Registrations::new(),
            heat: Heat::default(),
            array: PollArray::new(CLOCK),
        }
    }

    fn register(&mut self, interest: Interest, waits: Waits) -> Key {
        let mut warmth = Warmth::default();
        self.heat.refresh(&mut warmth);
        let key = (self.table).register(NoFd, Token(0), interest, Mode::Edge, waits, warmth);
        key.unwrap()
    }

    /// Returns the number of records that were made.
    fn update(&mut self) -> usize {
        let mut made = 0;
        let Self { table, heat, array } = self;
        update(table, heat, array, |_, key, direction| {
            made += 1;
            Some(key.to_userdata(direction))
        });
        made
    }

    /// As the selector does after an operation that moved bytes.
    fn warm(&mut self, key: Key, direction: Direction) {
        let mut changed = self.table.get_mut(key).unwrap();
        if self.heat.warm(changed.slot(direction)) {
            changed.touch();
        }
    }

    fn part(&self, part: Part) -> &[u64] {
        &self.array.all()[self.array.places(part)]
    }
}

#[derive(Clone, Debug)]
enum Op {
    Register { interest: u8, always: bool },
    Reregister { which: usize, interest: u8 },
    Deregister { which: usize },
    Arm { which: usize, write: bool },
    Disarm { which: usize, write: bool },
    Warm { which: usize, write: bool },
    Refuse { which: usize },
    Update { times: u16 },
}

fn op() -> impl Strategy<Value = Op> {
    let which = 0..40_usize;
    prop_oneof![
        4 => (0..4u8, proptest::bool::weighted(0.1))
            .prop_map(|(interest, always)| Op::Register { interest, always }),
        1 => (which.clone(), 0..4u8)
            .prop_map(|(which, interest)| Op::Reregister { which, interest }),
        2 => which.clone().prop_map(|which| Op::Deregister { which }),
        3 => (which.clone(), any::<bool>()).prop_map(|(which, write)| Op::Arm { which, write }),
        3 => (which.clone(), any::<bool>()).prop_map(|(which, write)| Op::Disarm { which, write }),
        4 => (which.clone(), any::<bool>()).prop_map(|(which, write)| Op::Warm { which, write }),
        1 => which.prop_map(|which| Op::Refuse { which }),
        4 => prop_oneof![Just(1_u16), 2..700_u16].prop_map(|times| Op::Update { times }),
    ]
}

fn interest(number: u8) -> Interest {
    [READ, Interest::WRITABLE, READ.add(Interest::WRITABLE), READ][usize::from(number)]
}

struct Known {
    interest: Interest,
    armed: Directions,
    always: bool,
}

struct Model {
    parts: Parts,
    known: HashMap<Key, Known>,
    keys: Vec<Key>,
    gone: Vec<Key>,
}

impl Model {
    fn new() -> Self {
        Self {
            parts: Parts::new(),
            known: HashMap::new(),
            keys: Vec::new(),
            gone: Vec::new(),
        }
    }

    fn with(&mut self, which: usize, f: impl FnOnce(&mut Parts, Key, &mut Known)) {
        if !self.keys.is_empty() {
            let key = self.keys[which % self.keys.len()];
            f(&mut self.parts, key, self.known.get_mut(&key).unwrap());
        }
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
            } => self.with(which, |parts, key, known| {
                if known.interest != interest(asked) {
                    // A refusal counts until then.
                    let table = &parts.table;
                    known.always &= table.get(key).unwrap().waits != Waits::Refused;
                }
                known.interest = interest(asked);
                known.armed = Directions::of(known.interest);
                let refresh = |warmth: &mut Warmth| parts.heat.refresh(warmth);
                let table = &mut parts.table;
                assert!(table.reregister(key, Token(1), known.interest, Mode::Edge, refresh));
            }),
            Op::Deregister { which } if !self.keys.is_empty() => {
                let key = self.keys.swap_remove(which % self.keys.len());
                assert!(self.parts.table.deregister(key).is_some());
                self.known.remove(&key);
                self.gone.push(key);
            }
            Op::Deregister { .. } => {}
            Op::Arm { which, write } => self.with(which, |parts, key, known| {
                let direction = Direction::BOTH[usize::from(write)];
                parts.table.get_mut(key).unwrap().arm(direction);
                let wanted = Directions::of(known.interest).and(Directions::one(direction));
                known.armed = known.armed.with(wanted);
            }),
            Op::Disarm { which, write } => self.with(which, |parts, key, known| {
                let one = Directions::one(Direction::BOTH[usize::from(write)]);
                parts.table.get_mut(key).unwrap().disarm(one);
                known.armed = known.armed.without(one);
            }),
            Op::Warm { which, write } => self.with(which, |parts, key, _| {
                parts.warm(key, Direction::BOTH[usize::from(write)]);
            }),
            Op::Refuse { which } => self.with(which, |parts, key, known| {
                parts.table.get_mut(key).unwrap().set_waits(Waits::Refused);
                known.always = true;
            }),
            Op::Update { times } => {
                for _ in 0..times {
                    self.parts.update();
                }
            }
        }
    }

    fn register(&mut self, interest: Interest, always: bool) {
        let waits = if always {
            Waits::AlwaysReady
        } else {
            Waits::Host
        };
        let key = self.parts.register(interest, waits);
        for direction in Direction::BOTH {
            let owners = self.parts.array.owners(self.parts.array.places(Part::All));
            let is_held = owners.contains(&key.slot(direction));
            assert!(!is_held, "the array still holds this index");
        }
        assert!(!self.gone.contains(&key), "an old key again");
        let armed = Directions::of(interest);
        let known = Known {
            interest,
            armed,
            always,
        };
        assert!(self.known.insert(key, known).is_none(), "a key twice");
        self.keys.push(key);
    }

    fn check(&mut self) {
        self.parts.update();
        let mut wanted = HashSet::new();
        for (key, known) in &self.known {
            if !known.always {
                wanted.extend((known.armed.iter()).map(|direction| key.to_userdata(direction)));
            }
        }
        // Each armed direction exactly once, nothing else, and one clock between hot and cold.
        let array = &self.parts.array;
        let records = array.all().iter().copied();
        let records: HashSet<u64> = records.filter(|one| *one != CLOCK).collect();
        assert_eq!(records, wanted);
        assert_eq!(array.all().len(), wanted.len() + 1);
        assert_eq!(array.record(array.hot()), CLOCK);
        assert_eq!(self.parts.part(Part::Hot).last(), Some(&CLOCK));
        assert_eq!(self.parts.part(Part::Cold).first(), Some(&CLOCK));
        assert_eq!(array.hot() + array.cold(), array.len());
        self.check_owners();
        self.check_chunks();
        self.check_circle();
    }

    fn check_owners(&self) {
        let array = &self.parts.array;
        let owners = array.owners(array.places(Part::All));
        for (owner, record) in owners.iter().zip(array.all()) {
            if *record == CLOCK {
                assert_eq!(*owner, SlotId::CLOCK);
                continue;
            }
            let (key, direction) = Key::from_userdata(*record);
            assert_eq!(key.slot(direction), *owner);
            assert_eq!(self.parts.table.key_at(owner.index()), Some(key));
        }
    }

    /// Chunks hold each record once, each with one clock, name the owners right, and leave the array
    /// as it was.
    fn check_chunks(&mut self) {
        let before = self.parts.array.all().to_vec();
        for part in [Part::Hot, Part::Cold, Part::All] {
            for limit in [1, 3, 1000] {
                let mut seen = vec![CLOCK];
                let array = &mut self.parts.array;
                for chunk in array.chunks(part, limit).collect::<Vec<_>>() {
                    let window = array.window_of_chunk(&chunk);
                    let records = array.with_window(&window, <[u64]>::to_vec);
                    assert!(chunk.len() <= limit && records.len() == chunk.len() + 1);
                    assert_eq!(records.iter().filter(|one| **one == CLOCK).count(), 1);
                    for (index, record) in records.iter().enumerate() {
                        let owner = array.owner(&window, index).unwrap();
                        let (key, direction) = Key::from_userdata(*record);
                        let is_clock = *record == CLOCK && owner == SlotId::CLOCK;
                        assert!(is_clock || owner == key.slot(direction));
                    }
                    seen.extend(records.iter().filter(|one| **one != CLOCK));
                }
                let mut wanted = self.parts.part(part).to_vec();
                wanted.sort_unstable();
                seen.sort_unstable();
                assert_eq!(seen, wanted);
                assert_eq!(self.parts.array.all(), before);
            }
        }
    }
}

impl Model {
    /// Wherever the last chunks ended, the next ones hold each record of a part once, and no clock.
    fn check_circle(&mut self) {
        for (part, limit) in [
            (Part::All, 7),
            (Part::Hot, 3),
            (Part::Cold, 2),
            (Part::All, 1000),
        ] {
            let mut wanted = self.parts.part(part).to_vec();
            wanted.retain(|record| *record != CLOCK);
            let array = &mut self.parts.array;
            let mut seen = Vec::new();
            while seen.len() < wanted.len() {
                let chunk = array.next_chunk(part, limit.min(wanted.len() - seen.len()));
                assert!(
                    (1..=limit).contains(&chunk.len()),
                    "{chunk:?} of at most {limit}"
                );
                seen.extend(chunk.map(|place| array.record(place)));
            }
            wanted.sort_unstable();
            seen.sort_unstable();
            assert_eq!(seen, wanted);
            if wanted.is_empty() {
                assert!(array.next_chunk(part, limit).is_empty());
            } else {
                // One more, so that the next part begins anywhere.
                assert_eq!(array.next_chunk(part, 1).len(), 1);
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
            if matches!(op, Op::Update { .. }) {
                model.check();
            }
        }
        model.check();
    }

    /// Whatever changes between two chunks of a sweep: what stays cold is polled after no more
    /// others than there were, and a few for each that came or went.
    #[test]
    fn a_sweep_of_the_cold_part_skips_no_slot(
        steps in proptest::collection::vec((op(), 0..20_usize), 1..MOST_OPS),
    ) {
        let mut model = Model::new();
        let (mut unseen, mut before, mut len) = (HashSet::new(), HashSet::new(), 0);
        let mut polls_left = 0;
        for (op, limit) in &steps {
            if !matches!(op, Op::Update { .. }) {
                model.run(op);
            }
            model.parts.update();
            let mut cold: HashSet<u64> = model.parts.part(Part::Cold).iter().copied().collect();
            cold.remove(&CLOCK);
            let array = &mut model.parts.array;
            // What changes its part may cost a few others a second poll.
            let changes = cold.symmetric_difference(&before).count();
            polls_left += 3 * (changes + array.len().abs_diff(len));
            len = array.len();
            unseen.retain(|record| cold.contains(record));
            let chunk = array.next_cold(*limit);
            prop_assert!(chunk.len() <= *limit);
            prop_assert_eq!(chunk.is_empty(), cold.is_empty() || *limit == 0);
            polls_left = polls_left.saturating_sub(chunk.len());
            for place in chunk {
                unseen.remove(&array.record(place));
            }
            if polls_left == 0 {
                prop_assert!(unseen.is_empty(), "{unseen:?}");
                polls_left = cold.len();
                unseen.clone_from(&cold);
            }
            before = cold;
        }
    }
}

/// One change of the array between two chunks of a sweep, of the slot `which`.
#[derive(Clone, Debug)]
enum Change {
    None,
    Insert,
    Remove(usize),
    Warm(usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => Just(Change::None),
        2 => Just(Change::Insert),
        2 => any::<usize>().prop_map(Change::Remove),
        2 => any::<usize>().prop_map(Change::Warm),
    ]
}

fn label(index: u32) -> (SlotId, u64) {
    let generation = 1;
    let key = Key { index, generation };
    (key.slot(Direction::Read), key.to_userdata(Direction::Read))
}

proptest! {
    /// In an array that is long beside the changes: each costs two other slots a second poll at most.
    #[test]
    fn a_change_between_two_chunks_makes_the_sweep_skip_no_slot(
        steps in proptest::collection::vec((change(), 1..8_usize), 20..MOST_OPS),
    ) {
        let mut array = PollArray::new(CLOCK);
        let mut indices: Vec<u32> = (0..60).collect();
        for index in &indices {
            let (slot, record) = label(*index);
            array.put(slot, record, false);
        }
        let (mut next, mut polls_left, mut unseen) = (60, 0_usize, HashSet::new());
        for (change, limit) in steps {
            let len = indices.len();
            match change {
                Change::None => {}
                Change::Insert => {
                    let (slot, record) = label(next);
                    array.put(slot, record, false);
                    indices.push(next);
                    next += 1;
                }
                Change::Remove(which) => array.remove(label(indices.swap_remove(which % len)).0),
                Change::Warm(which) => {
                    let (slot, record) = label(indices[which % len]);
                    array.put(slot, record, true);
                }
            }
            polls_left += match change {
                Change::None => 0,
                _ => 2,
            };
            let cold = array.owners(array.places(Part::Cold));
            let cold: HashSet<u64> = cold[1..].iter().map(|slot| label(slot.index()).1).collect();
            unseen.retain(|record| cold.contains(record));
            let chunk = array.next_cold(limit);
            polls_left = polls_left.saturating_sub(chunk.len());
            for place in chunk {
                unseen.remove(&array.record(place));
            }
            if polls_left == 0 {
                prop_assert!(unseen.is_empty(), "{unseen:?}");
                polls_left = cold.len();
                unseen = cold;
            }
        }
    }
}

#[test]
fn what_moves_bytes_is_hot_and_what_does_not_cools() {
    let mut parts = Parts::new();
    let keys: Vec<Key> = (0..100)
        .map(|_| parts.register(READ, Waits::Host))
        .collect();
    parts.update();
    assert_eq!(parts.array.hot(), 100, "what is new is hot");
    for _ in 0..2_000 {
        parts.warm(keys[7], Direction::Read);
        parts.update();
    }
    assert_eq!(parts.array.hot(), 1);
    let label = keys[7].to_userdata(Direction::Read);
    assert_eq!(parts.part(Part::Hot)[0], label);
    // Bytes without an event make another one hot.
    parts.warm(keys[8], Direction::Read);
    parts.update();
    assert_eq!(parts.array.hot(), 2);
}

#[test]
fn disarming_and_arming_between_polls_leaves_the_array_alone() {
    let mut parts = Parts::new();
    let key = parts.register(READ, Waits::Host);
    assert_eq!(parts.update(), 1);
    let mut changed = parts.table.get_mut(key).unwrap();
    changed.disarm(Directions::one(Direction::Read));
    assert!(changed.arm(Direction::Read));
    assert_eq!((parts.update(), parts.array.len()), (0, 1));
}

#[test]
fn each_direction_comes_first_now_and_then() {
    let mut parts = Parts::new();
    for _ in 0..4 {
        parts.register(READ.add(Interest::WRITABLE), Waits::Host);
        // Some are inserted as cold ones, too.
        for _ in 0..100 {
            parts.update();
        }
    }
    let mut first = HashSet::new();
    for _ in 0..200 {
        parts.update();
        let records = parts.array.all();
        first.insert(records[usize::from(records[0] == CLOCK)]);
    }
    assert_eq!(first.len(), 8);
}
