//! A selector that starts with what another has registered.

use std::io;
use std::sync::Arc;

use super::{Backend, Selector, Shared, Source};
use crate::Mode;

impl<B: Backend> Selector<B> {
    /// An independent selector that starts with the same registrations and timers.
    pub(crate) fn fork(&self) -> io::Result<Self> {
        let fork = Self::of(Arc::new(self.shared.fork()?));
        B::forked(&fork.shared);
        Ok(fork)
    }
}

impl<B: Backend> Shared<B> {
    fn fork(&self) -> io::Result<Self> {
        let (backend, wait) = self.backend.fork(self.config)?;
        let state = self.lock();
        let fork = Self::new(backend, wait, self.config);
        let mut forked = fork.lock();
        forked.timers = state.timers.clone();
        forked.timers.forget_tasks();
        forked.pop_due = state.pop_due;
        forked.locked = B::fork_locked(&state.locked);
        for (_, one) in state.registrations.iter() {
            let mode = match one.mode {
                Mode::Edge | Mode::Level => Mode::Level,
                Mode::Oneshot => Mode::Oneshot,
            };
            // It wakes tasks from the selector that it was registered with.
            if one.notify.is_for_tasks() {
                continue;
            }
            let result = fork.insert(
                &mut forked,
                one.source,
                one.notify.clone(),
                one.interest,
                mode,
                one.waits.in_fork(),
            );
            match (result, one.source.descriptor()) {
                (Ok(key), Some(fd)) => forked.registrations.enter_descriptor(fd, key),
                (Err(error), _) if is_shortage(&error) => return Err(error),
                // The descriptor was closed while it was registered: it is never reported again.
                (Err(_) | Ok(_), _) => {}
            }
        }
        drop(forked);
        Ok(fork)
    }
}

/// Whether an error is about the system, and not about one source.
fn is_shortage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::OutOfMemory | io::ErrorKind::StorageFull
    )
}
