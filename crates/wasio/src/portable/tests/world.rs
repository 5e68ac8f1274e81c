//! The host of completions as a world of the model that every backend runs.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::completions::{Completions, ERRORS, Happening, Host, raw};
use super::model::{self, Faults, Input, Kind, MS, Peer};
use crate::portable::{Direction, Key, Selector};
use crate::{Interest, Mode, Token};

pub(super) struct World(Host);

impl World {
    pub(super) fn new() -> Self {
        Self(Host::new())
    }
}

/// Runs the program that the bytes stand for.
pub(crate) fn run(input: &mut Input<'_>) {
    input.program().run(World::new());
}

impl model::World for World {
    type Backend = Completions;

    fn name(&self) -> &'static str {
        "completions"
    }

    fn open(&mut self, id: u32, kind: Kind) {
        let mut world = self.0.lock();
        let peer = world.open(id);
        peer.room = kind == Kind::Stream;
        peer.is_file = kind == Kind::File;
    }

    fn register(
        &mut self,
        selector: &Selector<Completions>,
        id: u32,
        token: Token,
        interest: Interest,
        mode: Mode,
    ) -> io::Result<Key> {
        selector.register(raw(id), token, interest, mode)
    }

    fn close(&mut self, id: u32) {
        self.0.lock().close(id);
    }

    fn peer<R>(&mut self, id: u32, f: impl FnOnce(Peer<'_>) -> R) -> R {
        let mut world = self.0.lock();
        let peer = world.peer(id);
        let kind = if peer.is_file {
            Kind::File
        } else {
            Kind::Stream
        };
        f(Peer {
            kind,
            pending: &mut peer.pending,
            room: &mut peer.room,
            ended: &mut peer.ended,
            failed: &mut peer.failed,
        })
    }

    fn arrive(&mut self, id: u32, bytes: u64, after_ns: u64) {
        self.0.lock().after(after_ns, Happening::Bytes(id, bytes));
    }

    fn wake(&mut self, selector: &Selector<Completions>, after_ns: u64, woken: Arc<AtomicBool>) {
        let selector = selector.clone();
        let wake = move || {
            selector.wake().unwrap();
            woken.store(true, Ordering::Relaxed);
        };
        (self.0.lock()).after(after_ns, Happening::Run(Box::new(wake)));
    }

    fn is_expecting(&self) -> bool {
        self.0.lock().is_expecting()
    }

    fn faults<R>(&mut self, f: impl FnOnce(&mut Faults) -> R) -> R {
        f(&mut self.0.lock().faults)
    }

    fn explains(&self, error: &io::Error) -> bool {
        ERRORS.contains(&error.kind())
    }

    fn is_ready(&self, id: u32, direction: Direction) -> bool {
        self.0.lock().is_ready(id, direction)
    }

    fn is_honest(&self) -> bool {
        true
    }

    fn now_ns(&self) -> u64 {
        self.0.lock().now_ns
    }

    fn pass(&mut self, ns: u64) {
        self.0.lock().now_ns += ns;
    }

    fn calls(&self) -> u64 {
        self.0.lock().waits
    }

    fn most_idle_calls(&self, _slots: u64) -> u64 {
        2
    }

    fn slack_ns(&self, calls: u64) -> u64 {
        MS + calls * 100_000
    }

    fn kept(&self) -> usize {
        self.0.lock().outstanding()
    }
}
