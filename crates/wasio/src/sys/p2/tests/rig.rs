//! What the tests of the selector share.

use std::time::Duration;

use super::super::selector::Selector;
use super::super::target::Target;
use super::host::{Call, MS, Scripted, Shared, World};
use super::rules::Rules;
use crate::io_outcome::IoOutcome;
use crate::portable::tests::said;
pub(super) use crate::portable::tests::said::{Said, readable, sorted};
use crate::portable::{Config, Direction, Key};
use crate::{Events, Interest, Mode, RawDescriptor, Token};

pub(super) const READ: Interest = Interest::READABLE;
pub(super) const WRITE: Interest = Interest::WRITABLE;

pub(super) struct Rig {
    pub(super) world: Shared,
    pub(super) selector: Selector<Scripted>,
    pub(super) events: Events,
}

pub(super) fn raw(id: u32) -> RawDescriptor {
    RawDescriptor::try_from(id).unwrap()
}

fn token(id: u32) -> Token {
    Token(usize::try_from(id).unwrap())
}

impl Rig {
    pub(super) fn new(rules: Rules) -> Self {
        Self::with_room(rules, 1024)
    }

    pub(super) fn with_room(rules: Rules, room: usize) -> Self {
        let world = Shared::new(rules);
        Self {
            selector: Selector::new(Config::DEFAULT).unwrap(),
            events: Events::with_capacity(room),
            world,
        }
    }

    pub(super) fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.world.lock()
    }

    /// Opens a source of pollables and registers it, its token the name.
    pub(super) fn add(&self, id: u32, interest: Interest, mode: Mode) -> Key {
        let [read, write] = self.world().open(id);
        let target = Target::pollables(read, write);
        self.selector
            .register_source(target, token(id), interest, mode)
            .unwrap()
    }

    /// An edge-triggered source to read from.
    pub(super) fn source(&self, id: u32) -> Key {
        self.add(id, READ, Mode::Edge)
    }

    /// Opens a descriptor of libc and registers it.
    pub(super) fn add_fd(&self, id: u32, interest: Interest, mode: Mode) -> Key {
        self.world().open_fd(id);
        self.selector
            .register(raw(id), token(id), interest, mode)
            .unwrap()
    }

    pub(super) fn close(&self, key: Key, id: u32) {
        self.selector.deregister(key).unwrap();
        self.world.close(id);
    }

    pub(super) fn arrive(&self, id: u32) {
        self.world().source(id).pending += 1;
    }

    /// Reads all there is and then finds that there is no more.
    pub(super) fn drain(&self, id: u32, key: Key) {
        self.world().source(id).pending = 0;
        self.selector
            .after_io(key, Direction::Read, IoOutcome::Complete);
        self.selector
            .after_io(key, Direction::Read, IoOutcome::WouldBlock);
    }

    pub(super) fn timer(&self, token: usize, after_ns: u64, period_ns: u64) -> Key {
        said::timer(&self.selector, token, after_ns, period_ns)
    }

    pub(super) fn try_select(&mut self, timeout: Option<Duration>) -> std::io::Result<Vec<Said>> {
        said::select(&self.selector, &mut self.events, timeout)
    }

    /// Selects with a timeout; checks that it ends neither early nor late.
    pub(super) fn select(&mut self, timeout_ms: u64) -> Vec<Said> {
        let timeout_ns = timeout_ms * MS;
        let before_ns = self.world().now_ns;
        let polls = self.world().polls;
        let said = self
            .try_select(Some(Duration::from_nanos(timeout_ns)))
            .unwrap();
        let world = self.world();
        let (elapsed_ns, rules) = (world.now_ns - before_ns, world.rules);
        if said.is_empty() {
            let elapsed_ns = elapsed_ns + rules.early_ns();
            assert!(elapsed_ns >= timeout_ns, "early: {elapsed_ns} ns");
        }
        let pollables = u64::try_from(world.live_pollables()).unwrap();
        let slack_ns = rules.slack_ns(world.polls - polls, pollables);
        assert!(
            elapsed_ns <= timeout_ns + slack_ns,
            "{}: {elapsed_ns} ns, late by more than {slack_ns} ns",
            rules.name
        );
        drop(world);
        said
    }

    pub(super) fn poll(&mut self) -> Vec<Said> {
        self.select(0)
    }

    /// The host calls that `action` makes.
    pub(super) fn calls<T>(&mut self, action: impl FnOnce(&mut Self) -> T) -> (T, Vec<Call>) {
        self.world().calls.clear();
        let result = action(self);
        let calls = self.world().calls.clone();
        (result, calls)
    }

    /// The clocks that `action` makes.
    pub(super) fn clocks(&mut self, action: impl FnOnce(&mut Self)) -> u64 {
        let before = self.world().clocks;
        action(self);
        self.world().clocks - before
    }
}
