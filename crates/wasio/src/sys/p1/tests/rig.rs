//! What the tests of the selector share.

use std::time::Duration;

use super::super::host::Host;
use super::super::selector::Selector;
use super::host::{Kind, MS, Scripted, Shared, World};
use super::rules::Rules;
use crate::io_outcome::IoOutcome;
use crate::portable::tests::said;
pub(super) use crate::portable::tests::said::{Said, readable, sorted};
use crate::portable::{Config, Direction, Key};
use crate::{Events, Interest, Mode, RawDescriptor, Token};

pub(super) const READ: Interest = Interest::READABLE;
pub(super) const WRITE: Interest = Interest::WRITABLE;

pub(super) struct Rig<H: Host = Scripted> {
    pub(super) world: Shared,
    pub(super) selector: Selector<H>,
    pub(super) events: Events,
}

impl Rig {
    pub(super) fn new(rules: Rules) -> Self {
        Self::with_config(rules, Config::DEFAULT)
    }
}

impl<H: Host + Default> Rig<H> {
    pub(super) fn with_config(rules: Rules, config: Config) -> Self {
        let world = Shared::new(rules);
        let selector = Selector::new(config).unwrap();
        selector.retain();
        Self {
            world,
            selector,
            events: Events::with_capacity(1024),
        }
    }

    pub(super) fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.world.lock()
    }

    /// Opens and registers.
    pub(super) fn add(&self, fd: u32, kind: Kind, interest: Interest, mode: Mode) -> Key {
        self.world().open(fd, kind);
        self.register(fd, usize::try_from(fd).unwrap(), interest, mode)
    }

    /// An edge-triggered stream to read from, its token the descriptor.
    pub(super) fn stream(&self, fd: u32) -> Key {
        self.add(fd, Kind::Stream, READ, Mode::Edge)
    }

    pub(super) fn register(&self, fd: u32, token: usize, interest: Interest, mode: Mode) -> Key {
        let fd = RawDescriptor::try_from(fd).unwrap();
        self.selector
            .register(fd, Token(token), interest, mode)
            .unwrap()
    }

    pub(super) fn deregister_and_close(&self, key: Key, fd: u32) {
        self.selector.deregister(key).unwrap();
        let mut world = self.world();
        world.fds.remove(&fd);
        world.gone.insert(fd);
    }

    pub(super) fn arrive(&self, fd: u32, bytes: u64) {
        self.world().fd(fd).pending += bytes;
    }

    /// Reads all there is and then finds that there is no more.
    pub(super) fn drain(&self, fd: u32, key: Key) {
        self.world().fd(fd).pending = 0;
        self.selector
            .after_io(key, Direction::Read, IoOutcome::Complete);
        self.blocked(key, Direction::Read);
    }

    pub(super) fn blocked(&self, key: Key, direction: Direction) {
        self.selector
            .after_io(key, direction, IoOutcome::WouldBlock);
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
        let (before_ns, polls, slots) = {
            let world = self.world();
            (world.now_ns, world.polls, world.fds.len() as u64)
        };
        let said = self
            .try_select(Some(Duration::from_nanos(timeout_ns)))
            .unwrap();
        let world = self.world();
        let elapsed_ns = world.now_ns - before_ns;
        let slack_ns = world.rules.slack_ns(world.polls - polls, slots);
        if said.is_empty() && !world.rules.lie_about_time() {
            assert!(elapsed_ns >= timeout_ns, "early: {elapsed_ns} ns");
        }
        assert!(
            elapsed_ns <= timeout_ns + slack_ns,
            "{}: {elapsed_ns} ns, late by more than {slack_ns} ns",
            world.rules.name
        );
        drop(world);
        said
    }

    pub(super) fn poll(&mut self) -> Vec<Said> {
        self.select(0)
    }

    /// The host calls and the slots in them that `action` makes.
    pub(super) fn calls<T>(&mut self, action: impl FnOnce(&mut Self) -> T) -> (T, Vec<usize>) {
        self.world().calls.clear();
        let result = action(self);
        let world = self.world();
        let lens = world
            .calls
            .iter()
            .map(|call| call.questions.len())
            .collect();
        drop(world);
        (result, lens)
    }

    /// Lets the host show that it returns as soon as one source of several is ready, as
    /// the first event does in any program. Uses descriptors 900 and 901.
    pub(super) fn warm_up(&mut self) {
        let keys = [self.stream(900), self.stream(901)];
        self.world()
            .after(MS, super::host::Happening::Bytes(900, 100));
        assert_eq!(self.select(100), [(900, "r".to_owned())]);
        self.drain(900, keys[0]);
        assert_eq!(self.select(1), []);
        self.deregister_and_close(keys[0], 900);
        self.deregister_and_close(keys[1], 901);
        assert_eq!(self.poll(), []);
    }
}
