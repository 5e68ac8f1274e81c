//! Which directions of sources are ready, and the selectors that are to know.
//!
//! The owner of a direction says when it becomes ready and when it no longer is. A selector that has
//! it registered finds it in the queue. There it stays for as long as it is ready and
//! level-triggered.

use std::collections::VecDeque;

use super::target::SignalId;
use crate::lock::Lock;
use crate::portable::{Direction, Key, Slab};

/// Tells selectors apart.
pub(super) type SelectorId = u32;

/// Whether a direction of a source is ready.
#[derive(Debug)]
pub(super) struct Signal(SignalId);

struct Entry {
    is_ready: bool,
    watcher: Option<Watcher>,
    /// Boxed, as every connection has two entries, and few have others.
    others: Option<Box<Others>>,
}

/// The registrations of forks.
#[derive(Default)]
struct Others(Vec<Watcher>);

/// A registration.
#[derive(Copy, Clone)]
struct Watcher {
    selector: SelectorId,
    key: Key,
    direction: Direction,
    is_queued: bool,
}

struct Queued {
    selector: SelectorId,
    signal: SignalId,
}

struct Table {
    signals: Slab<Entry>,
    /// The registrations that all entries have.
    watchers: usize,
    queue: VecDeque<Queued>,
    last_selector: SelectorId,
}

static TABLE: Lock<Table> = Lock::new(Table {
    signals: Slab::new(),
    watchers: 0,
    queue: VecDeque::new(),
    last_selector: 0,
});

/// What becomes of a direction that was found ready.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(super) enum Taken {
    /// It stays in the queue: its registration is level-triggered.
    Stays,
    Goes,
}

impl Signal {
    pub(super) fn new(is_ready: bool) -> Self {
        let entry = Entry {
            is_ready,
            watcher: None,
            others: None,
        };
        let id = TABLE.lock().signals.insert(entry);
        Self(SignalId(id.unwrap_or(Key::NONE)))
    }

    pub(super) const fn id(&self) -> SignalId {
        self.0
    }

    /// Says whether the direction is ready now.
    pub(super) fn set(&self, is_ready: bool) {
        let table = &mut *TABLE.lock();
        let Some(entry) = table.signals.get_mut(self.0.0) else {
            return;
        };
        let becomes_ready = is_ready && !entry.is_ready;
        entry.is_ready = is_ready;
        if becomes_ready {
            for watcher in entry.watchers_mut() {
                watcher.queue(self.0, &mut table.queue);
            }
        }
    }
}

impl Drop for Signal {
    fn drop(&mut self) {
        let table = &mut *TABLE.lock();
        if let Some(entry) = table.signals.get_mut(self.0.0) {
            table.watchers -= entry.watchers_mut().count();
        }
        table.signals.remove(self.0.0);
    }
}

impl Entry {
    fn watchers_mut(&mut self) -> impl Iterator<Item = &mut Watcher> {
        let others = self.others.iter_mut().flat_map(|others| &mut others.0);
        self.watcher.iter_mut().chain(others)
    }

    fn watcher_of(&mut self, selector: SelectorId) -> Option<&mut Watcher> {
        self.watchers_mut()
            .find(|watcher| watcher.selector == selector)
    }

    /// Removes the registrations of a selector. Returns how many that were.
    fn remove(&mut self, selector: SelectorId) -> usize {
        let before = self.watchers_mut().count();
        let others = self.others.as_mut().map(|others| &mut others.0);
        if self.watcher.is_some_and(|one| one.selector == selector) {
            self.watcher = others.and_then(Vec::pop);
        } else if let Some(others) = others {
            others.retain(|one| one.selector != selector);
        }
        before - self.watchers_mut().count()
    }
}

impl Watcher {
    fn queue(&mut self, signal: SignalId, queue: &mut VecDeque<Queued>) {
        if !std::mem::replace(&mut self.is_queued, true) {
            let selector = self.selector;
            queue.push_back(Queued { selector, signal });
        }
    }
}

/// An identity for a new selector.
pub(super) fn new_selector() -> SelectorId {
    let table = &mut *TABLE.lock();
    table.last_selector += 1;
    table.last_selector
}

/// A selector is gone.
pub(super) fn remove_selector(selector: SelectorId) {
    let table = &mut *TABLE.lock();
    table.queue.retain(|queued| queued.selector != selector);
    // Only a fork has registrations left.
    if table.watchers == 0 {
        return;
    }
    let keys: Vec<Key> = table.signals.iter().map(|(key, _)| key).collect();
    for key in keys {
        if let Some(entry) = table.signals.get_mut(key) {
            table.watchers -= entry.remove(selector);
        }
    }
}

/// A selector has a direction registered.
pub(super) fn watch(signal: SignalId, selector: SelectorId, key: Key, direction: Direction) {
    let watcher = Watcher {
        selector,
        key,
        direction,
        is_queued: false,
    };
    let table = &mut *TABLE.lock();
    if let Some(entry) = table.signals.get_mut(signal.0) {
        match entry.watcher {
            None => entry.watcher = Some(watcher),
            Some(_) => entry.others.get_or_insert_default().0.push(watcher),
        }
        table.watchers += 1;
    }
}

/// A selector has it no longer registered.
pub(super) fn unwatch(signal: SignalId, selector: SelectorId) {
    let table = &mut *TABLE.lock();
    if let Some(entry) = table.signals.get_mut(signal.0) {
        table.watchers -= entry.remove(selector);
    }
}

/// A direction was armed: the selector is to find it if it is ready.
pub(super) fn armed(signal: SignalId, selector: SelectorId) {
    let table = &mut *TABLE.lock();
    if let Some(entry) = table.signals.get_mut(signal.0)
        && entry.is_ready
        && let Some(watcher) = entry.watcher_of(selector)
    {
        watcher.queue(signal, &mut table.queue);
    }
}

/// Whether a selector may find something.
pub(super) fn has_ready(selector: SelectorId) -> bool {
    let table = TABLE.lock();
    table.queue.iter().any(|queued| queued.selector == selector)
}

/// Gives a selector what is ready, at most `room` directions. `take` says what becomes of each. What
/// stays goes behind the rest, so that all have their place in time.
pub(super) fn take_ready(
    selector: SelectorId,
    room: usize,
    mut take: impl FnMut(Key, Direction) -> Taken,
) {
    let table = &mut *TABLE.lock();
    let mut left = room;
    let mut staying = Vec::new();
    for _ in 0..table.queue.len() {
        if left == 0 {
            break;
        }
        let Some(queued) = table.queue.pop_front() else {
            break;
        };
        if queued.selector != selector {
            table.queue.push_back(queued);
            continue;
        }
        // It may have gone meanwhile, or the registration.
        if let Some(entry) = table.signals.get_mut(queued.signal.0)
            && let is_ready = entry.is_ready
            && let Some(watcher) = entry.watcher_of(selector)
        {
            watcher.is_queued = false;
            if is_ready {
                left -= 1;
                if take(watcher.key, watcher.direction) == Taken::Stays {
                    watcher.is_queued = true;
                    staying.push(queued);
                }
            }
        }
    }
    table.queue.extend(staying);
}
