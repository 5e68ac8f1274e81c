//! Where a `select` puts what it finds: into the caller's `Events`, or among the tasks to wake.

#[cfg(feature = "task")]
use std::task::Waker;

#[cfg(feature = "task")]
use super::Directions;
use super::{Notify, Registration, Report};
use crate::Events;
#[cfg(feature = "task")]
use crate::Mode;

/// Where events go.
pub(super) struct Found<'a> {
    pub(super) events: &'a mut Events,
    /// The tasks to wake.
    #[cfg(feature = "task")]
    pub(super) woken: &'a mut Vec<Waker>,
}

impl Found<'_> {
    /// Reports an event, or collects the tasks that it wakes. Returns whether there was room.
    #[inline]
    pub(super) fn notify<S, A>(
        &mut self,
        registration: &mut Registration<S, A>,
        report: &Report,
    ) -> bool {
        match &registration.notify {
            Notify::Token(token) => {
                let (hint, record) = (registration.event_index, report.record);
                let events = &mut *self.events;
                let index = events.merge(hint, report.key, *token, report.readiness, record);
                registration.event_index = index.unwrap_or(hint);
                index.is_some()
            }
            #[cfg(feature = "task")]
            Notify::Tasks(waiters) => {
                let ready = match report.failure {
                    Some(_) => Directions::BOTH,
                    None => report.directions,
                };
                waiters.event(ready, self.woken);
                // The event disarms both, and those that wait for the other one arm it again.
                if registration.mode == Mode::Oneshot {
                    waiters.wake(Directions::BOTH.without(ready), self.woken);
                }
                true
            }
        }
    }
}
