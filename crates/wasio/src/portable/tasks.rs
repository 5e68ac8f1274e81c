//! The part of the selector that tasks need: a handle that registers for them.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use super::waiters::{Registered, wake_each};
use super::{Backend, Direction, Directions, Key, Notify, Selector, Shared, Waiters};
use crate::Mode;

/// A selector that may be gone.
pub(crate) struct WeakSelector<B: Backend>(Weak<Shared<B>>);

/// Names the weak handle of a selector.
pub(crate) trait Downgrade {
    type Weak;
}

impl<B: Backend> Downgrade for Selector<B> {
    type Weak = WeakSelector<B>;
}

impl<B: Backend> WeakSelector<B> {
    /// Whether it is that selector.
    pub(crate) fn is(&self, selector: &Selector<B>) -> bool {
        std::ptr::eq(self.0.as_ptr(), Arc::as_ptr(&selector.shared))
    }

    /// The selector, if anything may still wait in it.
    pub(crate) fn upgrade(&self) -> Option<Selector<B>> {
        let selector = Selector::of(self.0.upgrade()?);
        selector.may_be_waited_in().then_some(selector)
    }
}

impl<B: Backend> Shared<B> {
    /// Has all tasks ask again, without an event.
    pub(super) fn wake_all_tasks(&self) {
        let mut woken = Vec::new();
        {
            let state = self.lock();
            let of_sources = state.registrations.iter().map(|(_, one)| &one.notify);
            for notify in of_sources.chain(state.timers.notifies()) {
                if let Notify::Tasks(waiters) = notify {
                    waiters.wake(Directions::BOTH, &mut woken);
                }
            }
        }
        wake_each(woken);
    }
}

impl<B: Backend> Selector<B> {
    /// Has all tasks that wait in it ask again.
    pub(crate) fn wake_all_tasks(&self) {
        self.shared.wake_all_tasks();
    }

    pub(crate) fn downgrade(&self) -> WeakSelector<B> {
        WeakSelector(Arc::downgrade(&self.shared))
    }

    /// A handle whose registrations wake `waiters` and take no place in `Events`. It does not count
    /// among the handles.
    pub(crate) fn for_tasks(&self, waiters: Arc<Waiters>) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            waiters: Some(waiters),
        }
    }

    /// Whether there is a handle to wait with.
    pub(crate) fn may_be_waited_in(&self) -> bool {
        self.shared.to_wait_with.load(Ordering::Relaxed) > 0
    }

    /// One more handle to wait with, if it is not that of tasks.
    pub(crate) fn retain_waiting(&self) {
        if self.waiters.is_some() {
            return;
        }
        self.shared.to_wait_with.fetch_add(1, Ordering::Relaxed);
    }

    /// One less. Once none is left, nobody waits for the tasks.
    pub(crate) fn release_waiting(&self) {
        if self.waiters.is_some() {
            return;
        }
        if self.shared.to_wait_with.fetch_sub(1, Ordering::Relaxed) == 1 {
            // No event will wake them.
            self.shared.wake_all_tasks();
        }
    }

    /// Says what the tasks wait for.
    pub(super) fn registered(&self, key: Key, mode: Mode) {
        if let Some(waiters) = &self.waiters {
            let sees_operations = mode == Mode::Edge;
            waiters.set_registered(Registered {
                key,
                sees_operations,
            });
        }
    }

    /// Arms a direction for a task that waits for it. Most often it is armed: an operation has found
    /// nothing, and wasio has seen it.
    pub(crate) fn arm_for_tasks(&self, direction: Direction) -> io::Result<()> {
        let registered = (self.waiters.as_ref()).and_then(|waiters| waiters.registered());
        let Some(Registered { key, .. }) = registered else {
            return Ok(());
        };
        let mut state = self.shared.lock();
        let Some(mut changed) = state.registrations.get_mut(key) else {
            return Ok(());
        };
        // A pause ends by itself.
        if changed.registration.futile.is_paused(direction) || !changed.arm(direction) {
            return Ok(());
        }
        self.shared.backend.rearmed(&state.registrations, key);
        let due = Shared::due_of(&state, key);
        self.shared.unlock(state, due)
    }
}
