//! A registration that wakes tasks.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::budget::{proceed, spend};
use crate::errors::static_error;
use crate::portable::{Direction, Slot, Waiters};
use crate::sys;
use crate::{Registry, Selector};

/// What a source is registered through, and the tasks that wait for it.
pub(super) struct Registered {
    registry: Registry,
    waiters: Arc<Waiters>,
}

impl Registered {
    pub(super) fn new(selector: &sys::Selector) -> Self {
        let waiters = Arc::<Waiters>::default();
        let selector = selector.for_tasks(Arc::clone(&waiters));
        let registry = Registry::of(Selector::to_register(selector));
        Self { registry, waiters }
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Whether a direction is ready; if not, the last task that asked so is woken once it is.
    pub(super) fn poll(&self, direction: Direction, context: &Context<'_>) -> Poll<io::Result<()>> {
        self.arm_after(direction, context, |waiters| {
            waiters.poll_polled(direction, context)
        })
    }

    /// The same, for one of many futures.
    pub(super) fn poll_slot(
        &self,
        direction: Direction,
        slot: &mut Slot,
        context: &Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.arm_after(direction, context, |waiters| {
            waiters.poll(direction, slot, context)
        })
    }

    /// The future of `slot` is gone.
    pub(super) fn leave(&self, direction: Direction, slot: &Slot) {
        self.waiters.leave(direction, slot);
    }

    /// Arms the direction after `poll` has noted who waits: so no event is missed.
    fn arm_after(
        &self,
        direction: Direction,
        context: &Context<'_>,
        poll: impl FnOnce(&Waiters) -> Poll<()>,
    ) -> Poll<io::Result<()>> {
        ready!(proceed(context));
        let selector = self.registry.selector().inner();
        let result = if poll(&self.waiters).is_ready() {
            Ok(())
        } else if !selector.may_be_waited_in() {
            Err(static_error(
                ErrorKind::NotConnected,
                "the poll that this source is registered with is gone: make the `Async` in the \
                 runtime that awaits it",
            ))
        } else if let Err(error) = selector.arm_for_tasks(direction) {
            Err(error)
        } else {
            return Poll::Pending;
        };
        spend();
        Poll::Ready(result)
    }

    /// One operation; `None` if it would block.
    pub(super) fn attempt<R>(
        &self,
        direction: Direction,
        op: impl FnOnce() -> io::Result<R>,
    ) -> Option<io::Result<R>> {
        let was_ready = self.waiters.before_operation(direction);
        let result = op();
        if matches!(&result, Err(error) if error.kind() == ErrorKind::WouldBlock) {
            return None;
        }
        spend();
        if was_ready {
            self.waiters.set_ready(direction);
        }
        Some(result)
    }
}
