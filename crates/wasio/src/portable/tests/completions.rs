//! A backend as WASI 0.3 needs it: an operation for each armed direction, and a wait that returns
//! those that are complete. No array, and no cost for what is idle.
//!
//! A source has one operation in each direction, so a selector and its forks share it. Whichever of
//! them waits takes what is complete, and the others start the operation again.
//!
//! Its host ends the test on each misuse that ends a guest: a second operation while one is
//! outstanding, a cancel of none, a source that goes while one is, and a wait that nothing ends.

mod host;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::host::error;
pub(super) use self::host::{ERRORS, Happening, Host};
#[cfg(test)]
pub(super) use self::host::{Peer, World};
use crate::RawDescriptor;
use crate::portable::{
    Backend, Config, Direction, Directions, Key, Report, Source, State, WaitCall, Waits,
};
use crate::sys::Record;

/// A source by its name, which stands for a descriptor.
#[derive(Copy, Clone, Debug)]
pub(super) struct Name(u32);

pub(super) fn raw(id: u32) -> RawDescriptor {
    RawDescriptor::try_from(id).unwrap()
}

impl Source for Name {
    fn descriptor(&self) -> Option<RawDescriptor> {
        Some(raw(self.0))
    }
}

/// A registration that waits for an operation.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
struct Watcher {
    selector: usize,
    key: Key,
}

/// What a selector and its forks share.
struct Operations {
    host: Host,
    /// How many selectors there were.
    selectors: usize,
    /// Who waits for the operation in each direction of a source: one is outstanding if somebody does.
    watchers: HashMap<u32, [Vec<Watcher>; 2]>,
    /// Who waited for what is complete, until that selector's next update: where the direction is
    /// armed then, the next operation starts.
    complete: Vec<(Watcher, Direction)>,
}

impl Operations {
    fn watch(&mut self, id: u32, direction: Direction, watcher: Watcher) {
        let watchers = &mut self.watchers.entry(id).or_default()[direction as usize];
        if watchers.contains(&watcher) {
            return;
        }
        if watchers.is_empty() {
            self.host.lock().start(id, direction);
        }
        watchers.push(watcher);
    }

    fn unwatch(&mut self, id: u32, direction: Direction, selector: usize) {
        let Some(both) = self.watchers.get_mut(&id) else {
            return;
        };
        let watchers = &mut both[direction as usize];
        let before = watchers.len();
        watchers.retain(|one| one.selector != selector);
        if before > 0 && watchers.is_empty() {
            self.host.lock().cancel(id, direction);
        }
    }

    /// An operation is complete. Returns whose registration of this selector it was, if it was one's.
    fn complete(&mut self, id: u32, direction: Direction, selector: usize) -> Option<Key> {
        let watchers = &mut self.watchers.get_mut(&id)?[direction as usize];
        let own = watchers.iter().find(|one| one.selector == selector);
        let own = own.map(|one| one.key);
        let complete = watchers.drain(..).map(|one| (one, direction));
        self.complete.extend(complete);
        own
    }

    fn remove_selector(&mut self, selector: usize) {
        let ids: Vec<u32> = self.watchers.keys().copied().collect();
        for id in ids {
            for direction in Direction::BOTH {
                self.unwatch(id, direction, selector);
            }
        }
        self.complete.retain(|(one, _)| one.selector != selector);
    }
}

pub(super) struct Completions {
    host: Host,
    /// Tells it from its forks.
    selector: usize,
    operations: Arc<Mutex<Operations>>,
}

impl Completions {
    fn of(host: Host, operations: Arc<Mutex<Operations>>) -> Self {
        let mut locked = operations.lock().unwrap_or_else(PoisonError::into_inner);
        locked.selectors += 1;
        let selector = locked.selectors;
        drop(locked);
        Self {
            host,
            selector,
            operations,
        }
    }

    fn operations(&self) -> MutexGuard<'_, Operations> {
        (self.operations.lock()).unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Completions {
    fn drop(&mut self) {
        self.operations().remove_selector(self.selector);
    }
}

impl Backend for Completions {
    const NAME: &'static str = "completions";

    type Source = Name;
    type Slot = ();
    type Locked = ();
    type Wait = ();
    type Ready = (Key, Direction);

    fn new(_: Config) -> io::Result<(Self, Self::Wait)> {
        let host = Host::last();
        let operations = Operations {
            host: host.clone(),
            selectors: 0,
            watchers: HashMap::new(),
            complete: Vec::new(),
        };
        Ok((Self::of(host, Arc::new(Mutex::new(operations))), ()))
    }

    fn fork(&self, _: Config) -> io::Result<(Self, Self::Wait)> {
        let fork = Self::of(self.host.clone(), Arc::clone(&self.operations));
        Ok((fork, ()))
    }

    fn now_ns(&self) -> u64 {
        let mut world = self.host.lock();
        world.now_ns += 30;
        world.now_ns
    }

    fn notify(&self) -> io::Result<()> {
        self.host.notify();
        Ok(())
    }

    fn source(&self, _: &mut State<Self>, descriptor: RawDescriptor) -> io::Result<(Name, Waits)> {
        let id = u32::try_from(descriptor).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut world = self.host.lock();
        if let Some(which) = world.faults.of_call() {
            return Err(error(which));
        }
        let peer = world.peers.get(&id).ok_or(io::ErrorKind::InvalidInput)?;
        let waits = if peer.is_file {
            Waits::AlwaysReady
        } else {
            Waits::Host
        };
        Ok((Name(id), waits))
    }

    fn update(&self, (): &mut (), state: &mut State<Self>) {
        let selector = self.selector;
        let registrations = &mut state.registrations;
        let operations = &mut *self.operations();
        while let Some(change) = registrations.next_change() {
            let (key, id) = (change.key, change.source.0);
            // What is gone was cancelled when it went.
            if key.generation == 0 {
                continue;
            }
            for direction in Direction::BOTH {
                if change.armed.contains(direction) {
                    operations.watch(id, direction, Watcher { selector, key });
                } else {
                    operations.unwatch(id, direction, selector);
                }
            }
        }
        let is_own = |(one, _): &mut (Watcher, Direction)| one.selector == selector;
        let complete: Vec<_> = operations.complete.extract_if(.., is_own).collect();
        for (watcher, direction) in complete {
            if let Some(one) = registrations.get(watcher.key)
                && one.armed.contains(direction)
            {
                operations.watch(one.source.0, direction, watcher);
            }
        }
    }

    fn wait(call: WaitCall<'_, Self>) -> io::Result<()> {
        let backend = &call.shared.backend;
        for (id, direction) in backend.host.wait(call.until, call.room)? {
            let key = backend
                .operations()
                .complete(id, direction, backend.selector);
            call.ready.extend(key.map(|key| (key, direction)));
        }
        Ok(())
    }

    fn report(&self, &(key, direction): &Self::Ready) -> Option<Report> {
        let directions = Directions::one(direction);
        Some(Report {
            key,
            directions,
            readiness: directions.to_readiness(),
            failure: None,
            record: Record::LOCAL,
        })
    }

    /// At once: the source may go next.
    fn deregister(&self, source: Name, _: Waits) {
        for direction in Direction::BOTH {
            self.operations()
                .unwatch(source.0, direction, self.selector);
        }
    }
}
