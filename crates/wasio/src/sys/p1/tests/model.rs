//! The scripted 0.1 host as a world of the model that every backend runs.

use std::io;

use super::super::backend::P1;
use super::host::{ERRORS, Happening, Kind, MS, Scripted, Shared};
use super::rules::{ALL, EXACT, Files, LIES, Lie, Reset, Rules};
use crate::portable::tests::model::{self, Faults, Input, Peer, SOURCES};
use crate::portable::{Direction, Key, Selector};
use crate::{Interest, Mode, RawDescriptor, Token};

pub(super) struct World {
    rules: Rules,
    world: Shared,
    /// Whether calls have failed.
    had_errors: bool,
    /// Whether answers have been wrong.
    misled: bool,
}

impl World {
    pub(super) fn new(rules: Rules) -> Self {
        let world = Shared::new(rules);
        world.lock().keep_calls = false;
        Self {
            rules,
            world,
            had_errors: false,
            misled: false,
        }
    }
}

/// The hosts that lose no event. Errors on everything take the place of the true answers, and so do
/// old events that are in each answer again.
pub(super) fn hosts() -> Vec<Rules> {
    let hides = |lie: &Lie| matches!(lie, Lie::GarbageErrno | Lie::MoreEvents);
    let liars = (LIES.into_iter().filter(|lie| !hides(lie))).map(|lie| EXACT.lying(lie));
    ALL.into_iter().chain(liars).collect()
}

/// Runs the program that the bytes stand for.
pub(crate) fn run(input: &mut Input<'_>) {
    let rules = input.one_of(&hosts());
    input.program().run(World::new(rules));
}

fn raw(fd: u32) -> RawDescriptor {
    RawDescriptor::try_from(fd).unwrap()
}

impl model::World for World {
    type Backend = P1<Scripted>;

    fn name(&self) -> &'static str {
        self.rules.name
    }

    fn open(&mut self, fd: u32, kind: model::Kind) {
        let kind = match kind {
            model::Kind::Stream => Kind::Stream,
            model::Kind::Listener => Kind::Listener,
            model::Kind::File => Kind::File,
        };
        self.world.lock().open(fd, kind);
    }

    fn register(
        &mut self,
        selector: &Selector<Self::Backend>,
        fd: u32,
        token: Token,
        interest: Interest,
        mode: Mode,
    ) -> io::Result<Key> {
        selector.register(raw(fd), token, interest, mode)
    }

    fn close(&mut self, fd: u32) {
        let mut world = self.world.lock();
        world.fds.remove(&fd);
        world.gone.insert(fd);
    }

    fn peer<R>(&mut self, fd: u32, f: impl FnOnce(Peer<'_>) -> R) -> R {
        let mut world = self.world.lock();
        let descriptor = world.fd(fd);
        let kind = match descriptor.kind {
            Kind::Stream => model::Kind::Stream,
            Kind::Listener => model::Kind::Listener,
            _ => model::Kind::File,
        };
        f(Peer {
            kind,
            pending: &mut descriptor.pending,
            room: &mut descriptor.room,
            ended: &mut descriptor.ended,
            failed: &mut descriptor.reset,
        })
    }

    fn arrive(&mut self, fd: u32, bytes: u64, after_ns: u64) {
        let mut world = self.world.lock();
        world.after(after_ns, Happening::Bytes(fd, bytes));
    }

    fn is_expecting(&self) -> bool {
        self.world.lock().is_expecting()
    }

    fn faults<R>(&mut self, f: impl FnOnce(&mut Faults) -> R) -> R {
        let mut world = self.world.lock();
        let result = f(&mut world.faults);
        // A host that lies all the time has no other faults. And one that waits for all sources is not
        // told from a prompt one after some answers that are wrong.
        if self.rules.lie.is_some() || self.rules.waits_for_all && world.faults.mislead() {
            world.faults.retain_delays();
        }
        self.had_errors |= world.faults.has_errors();
        self.misled |= world.faults.mislead();
        result
    }

    fn explains(&self, error: &io::Error) -> bool {
        let errors = ERRORS.map(|errno| i32::from(errno.0));
        (error.raw_os_error()).is_some_and(|errno| errors.contains(&errno))
    }

    fn is_ready(&self, fd: u32, direction: Direction) -> bool {
        self.world
            .lock()
            .is_ready(fd, direction == Direction::Write)
    }

    /// One host is silent about resets.
    fn is_silent(&self, fd: u32) -> bool {
        self.rules.reset == Reset::Silence && self.world.lock().fd(fd).reset
    }

    fn is_honest(&self) -> bool {
        self.rules.is_honest()
    }

    fn is_exact(&self) -> bool {
        // After an error each source is tried alone, and a second error is taken for that source's.
        // One source that a wait reports and polls do not is that of a host that waits for all sources.
        // All that such a host reports is ready, and so nothing is verified any more.
        let is_believed = self.misled && self.rules.all_when_any;
        let is_exact = !self.had_errors && !is_believed;
        self.rules.is_honest() && self.rules.files == Files::Ready && is_exact
    }

    /// One host never waits for a second direction of a descriptor.
    fn supported(&self, interest: Interest) -> Interest {
        let both = Interest::READABLE | Interest::WRITABLE;
        if interest == both && self.rules.first_direction_only {
            Interest::READABLE
        } else {
            interest
        }
    }

    fn now_ns(&self) -> u64 {
        self.world.lock().now_ns
    }

    fn pass(&mut self, ns: u64) {
        self.world.lock().now_ns += ns;
    }

    fn calls(&self) -> u64 {
        self.world.lock().polls
    }

    fn most_idle_calls(&self, slots: u64) -> u64 {
        // In slices of 8 ms at least. A host that was out of memory once is handed no more than half
        // of what was too much, again and again, and so one call for each in the worst case.
        let chunks = if self.had_errors { slots } else { 2 };
        150 * (2 + chunks)
    }

    fn slack_ns(&self, calls: u64) -> u64 {
        self.rules.slack_ns(calls, u64::from(2 * SOURCES)) + MS
    }

    fn early_ns(&self) -> u64 {
        if self.rules.lie_about_time() {
            u64::MAX
        } else {
            0
        }
    }

    fn kept(&self) -> usize {
        self.world.lock().asked
    }
}
