//! The timers of one selector: a heap of deadlines, for which one host clock is enough.

use super::{Key, Notify, Slab};

/// Children per heap node. With four, a million timers are ten levels deep and the children of a
/// node share a cache line.
const ARITY: usize = 4;
/// The position of a timer that is not in the heap.
const ABSENT: u32 = u32::MAX;

/// When a timer expires.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expiry {
    /// On the selector's clock.
    pub(crate) deadline_ns: u64,
    /// Zero for a one-shot timer.
    pub(crate) period_ns: u64,
}

#[derive(Clone, Debug)]
struct Slot {
    /// Place in the heap, or [`ABSENT`].
    position: u32,
    notify: Notify,
    period_ns: u64,
    /// Expirations that [`Timers::take_expirations`] has not returned yet.
    expirations: u64,
}

#[derive(Copy, Clone, Debug)]
struct Node {
    deadline_ns: u64,
    slot: u32,
}

/// Timers ordered by deadline. Insert, reset and cancel are O(log n); the next deadline is O(1).
#[derive(Clone, Debug)]
pub(crate) struct Timers {
    slots: Slab<Slot>,
    heap: Vec<Node>,
}

impl Timers {
    pub(crate) const fn new() -> Self {
        Self {
            slots: Slab::new(),
            heap: Vec::new(),
        }
    }

    /// The number of registered timers, set or not.
    pub(crate) const fn len(&self) -> usize {
        self.slots.len()
    }

    /// The deadline of the timer that expires next.
    pub(crate) fn next_deadline_ns(&self) -> Option<u64> {
        self.heap.first().map(|node| node.deadline_ns)
    }

    /// Adds a timer, set if `expiry` says so. `None` when there are 2^31 of them.
    pub(crate) fn register(
        &mut self,
        notify: impl Into<Notify>,
        expiry: Option<Expiry>,
    ) -> Option<Key> {
        let key = self.slots.insert(Slot {
            position: ABSENT,
            notify: notify.into(),
            period_ns: 0,
            expirations: 0,
        })?;
        self.set(key, expiry);
        Some(key)
    }

    /// Changes what an expiration does. Returns `false` if `key` is stale.
    pub(crate) fn reregister(&mut self, key: Key, notify: impl Into<Notify>) -> bool {
        let slot = self.slots.get_mut(key);
        slot.map(|slot| slot.notify = notify.into()).is_some()
    }

    /// Removes a timer. Returns `false` if `key` is stale.
    pub(crate) fn deregister(&mut self, key: Key) -> bool {
        if let Some(slot) = self.slots.get_mut(key) {
            // The entry may outlive the timer, and what is to be woken must not.
            slot.notify = Notify::NONE;
        }
        self.set(key, None) && self.slots.remove(key)
    }

    /// Removes the timers that wake tasks: a fork has no tasks.
    pub(crate) fn forget_tasks(&mut self) {
        let is_for_tasks = |(key, slot): (Key, &Slot)| slot.notify.is_for_tasks().then_some(key);
        let keys: Vec<Key> = self.slots.iter().filter_map(is_for_tasks).collect();
        for key in keys {
            self.deregister(key);
        }
    }

    /// What the timers do.
    #[cfg(feature = "task")]
    pub(super) fn notifies(&self) -> impl Iterator<Item = &Notify> {
        self.slots.iter().map(|(_, slot)| &slot.notify)
    }

    /// Sets, moves or (with `None`) cancels a timer, and discards expirations that were not taken.
    /// Returns `false` if `key` is stale.
    pub(crate) fn set(&mut self, key: Key, expiry: Option<Expiry>) -> bool {
        let Some(slot) = self.slots.get_mut(key) else {
            return false;
        };
        slot.expirations = 0;
        slot.period_ns = expiry.map_or(0, |expiry| expiry.period_ns);
        let position = slot.position;
        match (expiry, position) {
            (Some(expiry), ABSENT) => self.insert(key.index, expiry.deadline_ns),
            (Some(expiry), _) => self.reposition(position as usize, expiry.deadline_ns),
            (None, ABSENT) => {}
            (None, _) => self.remove(position as usize),
        }
        true
    }

    /// Returns the expirations since the last call, or `None` if `key` is stale.
    pub(crate) fn take_expirations(&mut self, key: Key) -> Option<u64> {
        self.slots
            .get_mut(key)
            .map(|slot| std::mem::take(&mut slot.expirations))
    }

    /// Takes the earliest timer that is due at `now_ns`, counts its expirations and returns
    /// what to notify. A periodic timer is set again: all periods that were missed are counted now, and the
    /// next deadline keeps the phase.
    pub(crate) fn pop_due(&mut self, now_ns: u64) -> Option<Notify> {
        let node = *self
            .heap
            .first()
            .filter(|node| node.deadline_ns <= now_ns)?;
        let (_, slot) = self.slots.at_mut(node.slot)?;
        let notify = slot.notify.clone();
        let late_ns = now_ns - node.deadline_ns;
        if let Some(missed) = late_ns.checked_div(slot.period_ns) {
            let periods = missed.saturating_add(1);
            slot.expirations = slot.expirations.saturating_add(periods);
            let step = periods.saturating_mul(slot.period_ns);
            self.reposition(0, node.deadline_ns.saturating_add(step));
        } else {
            slot.expirations += 1;
            self.remove(0);
        }
        Some(notify)
    }

    fn insert(&mut self, slot: u32, deadline_ns: u64) {
        let last = self.heap.len();
        self.heap.push(Node { deadline_ns, slot });
        self.sift_up(last);
    }

    fn remove(&mut self, position: usize) {
        let removed = self.heap.swap_remove(position);
        self.set_position(removed.slot, ABSENT);
        if position < self.heap.len() {
            self.restore(position);
        }
    }

    fn reposition(&mut self, position: usize, deadline_ns: u64) {
        self.heap[position].deadline_ns = deadline_ns;
        self.restore(position);
    }

    fn restore(&mut self, position: usize) {
        let settled = self.sift_up(position);
        self.sift_down(settled);
    }

    fn sift_up(&mut self, mut position: usize) -> usize {
        let node = self.heap[position];
        while position > 0 {
            let parent = (position - 1) / ARITY;
            if self.heap[parent].deadline_ns <= node.deadline_ns {
                break;
            }
            self.place(position, self.heap[parent]);
            position = parent;
        }
        self.place(position, node);
        position
    }

    fn sift_down(&mut self, mut position: usize) {
        let node = self.heap[position];
        loop {
            let first = position * ARITY + 1;
            let children = first..(first + ARITY).min(self.heap.len());
            let Some(child) = children.min_by_key(|child| self.heap[*child].deadline_ns) else {
                break;
            };
            if node.deadline_ns <= self.heap[child].deadline_ns {
                break;
            }
            self.place(position, self.heap[child]);
            position = child;
        }
        self.place(position, node);
    }

    fn place(&mut self, position: usize, node: Node) {
        self.heap[position] = node;
        // The heap is no longer than `slots`, whose indices are u32.
        self.set_position(node.slot, u32::try_from(position).unwrap_or(ABSENT));
    }

    fn set_position(&mut self, slot: u32, position: u32) {
        if let Some((_, slot)) = self.slots.at_mut(slot) {
            slot.position = position;
        }
    }
}

#[cfg(all(test, not(target_os = "wasi")))]
mod tests;
