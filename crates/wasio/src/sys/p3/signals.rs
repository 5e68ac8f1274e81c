//! The sources: which directions of each are ready, and the selectors that are to know.
//!
//! The owner of a source says when a direction becomes ready and when it no longer is. A selector that
//! has it registered finds it in the queue. There it stays for as long as it is ready and
//! level-triggered.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use super::bindings::Event;
use super::target::SignalId;
use crate::lock::Lock;
use crate::portable::{Direction, Directions, Key, Slab};

/// Tells selectors apart.
pub(super) type SelectorId = Key;

/// The owner of the operations of a source.
pub(super) trait Completes: Send + Sync {
    /// Takes up an operation that has ended. Nothing is locked.
    fn complete(&self, event: Event);

    /// Starts what it has left to [`start_deferred`](super::operations::start_deferred).
    fn start_deferred(&self) {}

    /// Whether the host has not taken yet what is to be sent.
    fn has_unsent(&self) -> bool {
        false
    }
}

/// Which directions of a source are ready.
#[derive(Debug)]
pub(super) struct Signal(SignalId);

#[derive(Default)]
struct Entry {
    /// `None` once it is gone.
    owner: Option<Weak<dyn Completes>>,
    ready: Directions,
    first: Option<Watcher>,
    /// The registrations of forks.
    others: Vec<Watcher>,
}

/// A registration.
#[derive(Copy, Clone)]
struct Watcher {
    selector: SelectorId,
    key: Key,
    is_queued: bool,
}

struct Table {
    signals: Slab<Entry>,
    /// Of each selector, with the registration that each entry is of.
    queues: Slab<Queue>,
}

type Queue = VecDeque<(SignalId, Key)>;

static TABLE: Lock<Table> = Lock::new(Table {
    signals: Slab::new(),
    queues: Slab::new(),
});

/// What becomes of a source that was found ready.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(super) enum Taken {
    /// It stays in the queue: its registration is level-triggered.
    Stays,
    Goes,
}

impl Signal {
    pub(super) fn new(owner: &Weak<impl Completes + 'static>, ready: Directions) -> Self {
        let entry = Entry {
            owner: Some(owner.clone()),
            ready,
            ..Entry::default()
        };
        let id = TABLE.lock().signals.insert(entry);
        Self(id.map_or(SignalId::NONE, SignalId))
    }

    pub(super) const fn id(&self) -> SignalId {
        self.0
    }

    /// Says whether a direction is ready now.
    // In each of the places that call it, this would make an echo server 1 kB larger.
    #[inline(never)]
    pub(super) fn set(&self, direction: Direction, is_ready: bool) {
        let table = &mut *TABLE.lock();
        let Some(entry) = table.signals.get_mut(self.0.0) else {
            return;
        };
        let before = entry.ready;
        let direction = Directions::one(direction);
        if !is_ready {
            entry.ready = before.without(direction);
            return;
        }
        entry.ready = before.with(direction);
        if entry.ready != before {
            for watcher in entry.watchers() {
                watcher.queue(self.0, &mut table.queues);
            }
        }
    }
}

impl Drop for Signal {
    fn drop(&mut self) {
        let signals = &mut TABLE.lock().signals;
        if let Some(entry) = signals.get_mut(self.0.0) {
            *entry = Entry::default();
        }
        signals.remove(self.0.0);
    }
}

impl Entry {
    fn watchers(&mut self) -> impl Iterator<Item = &mut Watcher> {
        self.first.iter_mut().chain(&mut self.others)
    }

    fn watcher_of(&mut self, selector: SelectorId) -> Option<&mut Watcher> {
        self.watchers().find(|one| one.selector == selector)
    }

    /// Removes the registration of a selector.
    fn remove(&mut self, selector: SelectorId) {
        if self.first.is_some_and(|one| one.selector == selector) {
            self.first = self.others.pop();
        } else {
            self.others.retain(|one| one.selector != selector);
        }
    }
}

impl Watcher {
    fn queue(&mut self, signal: SignalId, queues: &mut Slab<Queue>) {
        if !std::mem::replace(&mut self.is_queued, true)
            && let Some(queue) = queues.get_mut(self.selector)
        {
            queue.push_back((signal, self.key));
        }
    }
}

/// The owner that a signal is of, unless it is gone.
pub(super) fn owner(signal: SignalId) -> Option<Arc<dyn Completes>> {
    let table = TABLE.lock();
    table.signals.get(signal.0)?.owner.as_ref()?.upgrade()
}

/// Whether an owner has something that the host has not taken yet.
pub(super) fn have_unsent() -> bool {
    for index in 0.. {
        let mut table = TABLE.lock();
        let Some((_, entry)) = table.signals.at_mut(index) else {
            return false;
        };
        let owner = entry.owner.as_ref().and_then(Weak::upgrade);
        drop(table);
        if owner.is_some_and(|owner| owner.has_unsent()) {
            return true;
        }
    }
    false
}

/// An identity for a new selector.
pub(super) fn new_selector() -> SelectorId {
    let id = TABLE.lock().queues.insert(VecDeque::new());
    id.unwrap_or(Key::NONE)
}

/// A selector is gone, and all that was registered with it before.
pub(super) fn remove_selector(selector: SelectorId) {
    let queues = &mut TABLE.lock().queues;
    if let Some(queue) = queues.get_mut(selector) {
        *queue = VecDeque::new();
    }
    queues.remove(selector);
}

/// A fork is gone. What it has registered of its own accord may still be there.
pub(super) fn remove_fork(fork: SelectorId) {
    remove_selector(fork);
    let table = &mut *TABLE.lock();
    for index in 0.. {
        let Some((_, entry)) = table.signals.at_mut(index) else {
            return;
        };
        entry.remove(fork);
    }
}

/// A selector has a source registered.
pub(super) fn watch(signal: SignalId, selector: SelectorId, key: Key) {
    let watcher = Watcher {
        selector,
        key,
        is_queued: false,
    };
    if let Some(entry) = TABLE.lock().signals.get_mut(signal.0) {
        match entry.first {
            None => entry.first = Some(watcher),
            Some(_) => entry.others.push(watcher),
        }
    }
}

/// A selector has it no longer registered.
pub(super) fn unwatch(signal: SignalId, selector: SelectorId) {
    if let Some(entry) = TABLE.lock().signals.get_mut(signal.0) {
        entry.remove(selector);
    }
}

/// No selector has it registered any more.
#[cfg(all(wasio_waitables, feature = "net"))]
pub(super) fn unwatch_all(signal: SignalId) {
    if let Some(entry) = TABLE.lock().signals.get_mut(signal.0) {
        entry.first = None;
        entry.others = Vec::new();
    }
}

/// These directions are armed: the selector is to find the source if one of them is ready.
pub(super) fn armed(signal: SignalId, selector: SelectorId, armed: Directions) {
    let table = &mut *TABLE.lock();
    if let Some(entry) = table.signals.get_mut(signal.0)
        && !entry.ready.and(armed).is_empty()
        && let Some(watcher) = entry.watcher_of(selector)
    {
        watcher.queue(signal, &mut table.queues);
    }
}

/// The entries in the queues of all selectors.
#[cfg(test)]
pub(super) fn queued() -> usize {
    let table = TABLE.lock();
    table.queues.iter().map(|(_, queue)| queue.len()).sum()
}

/// Whether a selector may find something.
pub(super) fn has_ready(selector: SelectorId) -> bool {
    let table = TABLE.lock();
    let queue = table.queues.get(selector);
    queue.is_some_and(|queue| !queue.is_empty())
}

/// Gives a selector what is ready, at most `room` sources. `take` says what becomes of each. What
/// stays goes behind the rest, so that all have their place in time.
pub(super) fn take_ready(
    selector: SelectorId,
    room: usize,
    mut take: impl FnMut(Key, Directions) -> Taken,
) {
    let table = &mut *TABLE.lock();
    let Some(queue) = table.queues.get_mut(selector) else {
        return;
    };
    let mut left = room;
    for _ in 0..queue.len() {
        if left == 0 {
            return;
        }
        // It may have gone meanwhile, or the registration.
        if let Some((signal, key)) = queue.pop_front()
            && let Some(entry) = table.signals.get_mut(signal.0)
            && let ready = entry.ready
            && let Some(watcher) = entry.watcher_of(selector)
            && watcher.key == key
        {
            left -= 1;
            watcher.is_queued = take(key, ready) == Taken::Stays;
            if watcher.is_queued {
                queue.push_back((signal, key));
            }
        }
    }
}
