//! The table of registrations against a simple model, with a set in place of a host.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;
use crate::Token;

const READ: Interest = Interest::READABLE;
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// A source that is known by a descriptor.
#[derive(Copy, Clone, Debug)]
struct Fd(i32);

impl Source for Fd {
    fn descriptor(&self) -> Option<RawDescriptor> {
        RawDescriptor::try_from(self.0).ok()
    }
}

type Table = Registrations<Fd, ()>;

fn register(table: &mut Table, fd: i32, interest: Interest, waits: Waits) -> Key {
    let key = table.register(Fd(fd), Token(0), interest, Mode::Edge, waits, ());
    let key = key.unwrap();
    table.enter_descriptor(raw(fd), key);
    key
}

fn raw(fd: i32) -> RawDescriptor {
    RawDescriptor::try_from(fd).unwrap()
}

/// Brings `host`, which holds what it is asked about, up to date. Returns the number of changes.
fn update(table: &mut Table, host: &mut HashMap<(u32, usize), Key>) -> usize {
    let mut changes = 0;
    while let Some(change) = table.next_change() {
        changes += 1;
        for direction in Direction::BOTH {
            let place = (change.key.index, direction as usize);
            if change.armed.contains(direction) {
                host.insert(place, change.key);
            } else {
                host.remove(&place);
            }
        }
    }
    assert!(!table.has_changes());
    changes
}

/// What is always ready, as far as there is `room`; what is reported is disarmed if `disarms`.
fn report(table: &mut Table, room: usize, disarms: bool) -> Vec<(Key, Directions)> {
    let mut reported = Vec::new();
    table.report_always_ready(|table, key, armed| {
        if reported.len() == room {
            return false;
        }
        reported.push((key, armed));
        if disarms && let Some(mut changed) = table.get_mut(key) {
            changed.disarm(armed);
        }
        true
    });
    reported
}

#[derive(Clone, Debug)]
enum Op {
    Register { interest: u8, waits: u8 },
    Reregister { which: usize, interest: u8 },
    Deregister { which: usize },
    Arm { which: usize, write: bool },
    Disarm { which: usize, write: bool },
    Touch { which: usize },
    SetWaits { which: usize, waits: u8 },
    Report { room: usize },
    Update,
}

fn op() -> impl Strategy<Value = Op> {
    let which = 0..30_usize;
    prop_oneof![
        4 => (0..4u8, 0..5u8).prop_map(|(interest, waits)| Op::Register { interest, waits }),
        2 => (which.clone(), 0..4u8)
            .prop_map(|(which, interest)| Op::Reregister { which, interest }),
        2 => which.clone().prop_map(|which| Op::Deregister { which }),
        4 => (which.clone(), any::<bool>()).prop_map(|(which, write)| Op::Arm { which, write }),
        4 => (which.clone(), any::<bool>()).prop_map(|(which, write)| Op::Disarm { which, write }),
        1 => which.clone().prop_map(|which| Op::Touch { which }),
        1 => (which, 0..5u8).prop_map(|(which, waits)| Op::SetWaits { which, waits }),
        2 => (0..4_usize).prop_map(|room| Op::Report { room }),
        3 => Just(Op::Update),
    ]
}

fn interest(number: u8) -> Interest {
    [READ, Interest::WRITABLE, BOTH, Interest::PRIORITY][usize::from(number)]
}

fn waits(number: u8) -> Waits {
    let all = [
        Waits::Host,
        Waits::AlwaysReady,
        Waits::Refused,
        Waits::Elsewhere,
        Waits::Unread,
    ];
    all[usize::from(number)]
}

struct Known {
    fd: i32,
    interest: Interest,
    armed: Directions,
    waits: Waits,
}

struct Model {
    table: Table,
    host: HashMap<(u32, usize), Key>,
    known: HashMap<Key, Known>,
    keys: Vec<Key>,
    gone: Vec<Key>,
    next_fd: i32,
}

impl Model {
    fn new() -> Self {
        Self {
            table: Table::new(),
            host: HashMap::new(),
            known: HashMap::new(),
            keys: Vec::new(),
            gone: Vec::new(),
            next_fd: 3,
        }
    }

    /// Calls `f` on a registration and what is known of it, if there is one.
    fn with(&mut self, which: usize, f: impl FnOnce(&mut Table, Key, &mut Known)) {
        if !self.keys.is_empty() {
            let key = self.keys[which % self.keys.len()];
            f(&mut self.table, key, self.known.get_mut(&key).unwrap());
        }
    }

    fn run(&mut self, op: &Op) {
        match *op {
            Op::Register {
                interest: asked,
                waits: who,
            } => self.register(interest(asked), waits(who)),
            Op::Reregister {
                which,
                interest: asked,
            } => self.with(which, |table, key, known| {
                if known.interest != interest(asked) && known.waits == Waits::Refused {
                    known.waits = Waits::Host;
                }
                known.interest = interest(asked);
                known.armed = Directions::of(known.interest);
                assert!(table.reregister(key, Token(1), known.interest, Mode::Edge, |()| {}));
            }),
            Op::Deregister { which } => self.deregister(which),
            Op::Arm { which, write } => self.with(which, |table, key, known| {
                let direction = Direction::BOTH[usize::from(write)];
                let is_wanted = Directions::of(known.interest).contains(direction);
                let changes = is_wanted && !known.armed.contains(direction);
                assert_eq!(table.get_mut(key).unwrap().arm(direction), changes);
                if changes {
                    known.armed = known.armed.with(Directions::one(direction));
                }
            }),
            Op::Disarm { which, write } => self.with(which, |table, key, known| {
                let one = Directions::one(Direction::BOTH[usize::from(write)]);
                known.armed = known.armed.without(one);
                table.get_mut(key).unwrap().disarm(one);
            }),
            Op::Touch { which } => {
                self.with(which, |table, key, _| table.get_mut(key).unwrap().touch());
            }
            Op::SetWaits { which, waits: who } => self.with(which, |table, key, known| {
                known.waits = waits(who);
                table.get_mut(key).unwrap().set_waits(known.waits);
            }),
            Op::Report { room } => {
                for (key, armed) in report(&mut self.table, room, true) {
                    let known = self.known.get_mut(&key).unwrap();
                    assert!(known.waits.is_always_ready());
                    assert_eq!(known.armed, armed);
                    known.armed = Directions::NONE;
                }
            }
            Op::Update => self.check(),
        }
    }

    fn register(&mut self, interest: Interest, waits: Waits) {
        self.next_fd += 1;
        let fd = self.next_fd;
        let key = register(&mut self.table, fd, interest, waits);
        for place in 0..2 {
            let held = self.host.contains_key(&(key.index, place));
            assert!(!held, "the host may still name its index");
        }
        assert!(!self.gone.contains(&key), "an old key again");
        let armed = Directions::of(interest);
        let known = Known {
            fd,
            interest,
            armed,
            waits,
        };
        assert!(self.known.insert(key, known).is_none(), "a key twice");
        assert_eq!(self.table.find(raw(fd)), Some(key));
        self.keys.push(key);
    }

    fn deregister(&mut self, which: usize) {
        if self.keys.is_empty() {
            return;
        }
        let key = self.keys.swap_remove(which % self.keys.len());
        let known = self.known.remove(&key).unwrap();
        let (source, waits) = self.table.deregister(key).unwrap();
        assert_eq!((source.0, waits), (known.fd, known.waits));
        assert!(self.table.deregister(key).is_none());
        assert_eq!(self.table.find(raw(known.fd)), None);
        self.gone.push(key);
    }

    /// After an update the host is asked about what is armed and its own to wait for, and about
    /// nothing else; the rest that is armed is listed if it is always ready.
    fn check(&mut self) {
        update(&mut self.table, &mut self.host);
        assert_eq!(self.table.len(), self.keys.len());
        assert_eq!(self.table.descriptors(), self.keys.len());
        let (mut wanted, mut always) = (HashMap::new(), HashSet::new());
        for (key, known) in &self.known {
            assert_eq!(self.table.get(*key).unwrap().armed, known.armed);
            for direction in known.armed.iter() {
                if known.waits == Waits::Host {
                    wanted.insert((key.index, direction as usize), *key);
                }
            }
            if known.waits.is_always_ready() && !known.armed.is_empty() {
                always.insert(*key);
            }
        }
        assert_eq!(self.host, wanted);
        let listed = report(&mut self.table, usize::MAX, false);
        assert_eq!(listed.len(), always.len(), "listed twice, or not at all");
        let listed: HashSet<Key> = listed.into_iter().map(|(key, _)| key).collect();
        assert_eq!(listed, always);
        for key in &self.gone {
            assert!(self.table.get(*key).is_none(), "a stale key");
            assert!(!self.table.is_armed(*key, Direction::Read));
        }
    }
}

proptest! {
    #[test]
    fn an_update_leaves_the_host_with_what_is_armed(
        ops in proptest::collection::vec(op(), 1..120),
    ) {
        let mut model = Model::new();
        for op in &ops {
            model.run(op);
        }
        model.check();
    }
}

#[test]
fn a_disarmed_direction_that_is_armed_again_is_no_change() {
    let (mut table, mut host) = (Table::new(), HashMap::new());
    let key = register(&mut table, 3, READ, Waits::Host);
    assert_eq!(update(&mut table, &mut host), 1);
    let mut changed = table.get_mut(key).unwrap();
    changed.disarm(Directions::one(Direction::Read));
    assert!(changed.arm(Direction::Read));
    assert_eq!(update(&mut table, &mut host), 0);
}

/// A program that opens and closes without polling keeps no memory for it.
#[test]
fn registering_and_deregistering_without_an_update_does_not_grow_the_table() {
    let (mut table, mut host) = (Table::new(), HashMap::new());
    register(&mut table, 3, READ, Waits::Host);
    update(&mut table, &mut host);
    for _ in 0..1_000 {
        let key = register(&mut table, 4, BOTH, Waits::Host);
        assert_eq!(key.index, 1);
        table.deregister(key).unwrap();
    }
    assert_eq!(update(&mut table, &mut host), 0);
}

#[test]
fn an_index_is_kept_until_the_host_has_forgotten_it() {
    let (mut table, mut host) = (Table::new(), HashMap::new());
    let first = register(&mut table, 3, READ, Waits::Host);
    update(&mut table, &mut host);
    table.deregister(first).unwrap();
    assert_ne!(
        register(&mut table, 4, READ, Waits::Host).index,
        first.index
    );
    update(&mut table, &mut host);
    assert_eq!(
        register(&mut table, 5, READ, Waits::Host).index,
        first.index
    );
}

#[test]
fn what_is_always_ready_and_found_no_room_comes_first_the_next_time() {
    let (mut table, mut host) = (Table::new(), HashMap::new());
    let mut keys = Vec::new();
    for fd in 3..8 {
        keys.push(register(&mut table, fd, READ, Waits::AlwaysReady));
    }
    update(&mut table, &mut host);
    let mut reported = HashSet::new();
    for _ in 0..3 {
        let some = report(&mut table, 2, false);
        assert_eq!(some.len(), 2);
        reported.extend(some.into_iter().map(|(key, _)| key));
    }
    assert_eq!(reported, keys.into_iter().collect());
}

/// Another thread may disarm and arm it while this one reports.
#[test]
fn a_source_that_is_disarmed_during_a_report_is_still_listed_once_it_is_armed() {
    let (mut table, mut host) = (Table::new(), HashMap::new());
    let key = register(&mut table, 3, READ, Waits::AlwaysReady);
    update(&mut table, &mut host);
    let read = Directions::one(Direction::Read);
    table.get_mut(key).unwrap().disarm(read);
    assert_eq!(report(&mut table, 9, false), []);
    assert!(table.get_mut(key).unwrap().arm(Direction::Read));
    update(&mut table, &mut host);
    assert_eq!(report(&mut table, 9, false), [(key, read)]);
}
