//! The pauses of sources that are ready for nothing: when one begins, and what ends it. See
//! `backoff.rs`.

use super::select::SelectCall;
use super::{Backend, Direction, Directions, Key, Registration, Shared, State, Until, Waits};
use crate::Mode;
use crate::io_outcome::IoOutcome;
use crate::lock::Guard;

impl<B: Backend> SelectCall<'_, B> {
    /// Arms again what has paused for long enough. Returns whether there was anything.
    #[cold]
    #[inline(never)]
    pub(super) fn resume(&mut self, state: &mut State<B>) -> bool {
        state.pauses.begin();
        let backend = &self.shared.backend;
        let now_ns = backend.now_ns();
        while let Some((key, direction)) = state.pauses.pop_due(now_ns) {
            let State {
                registrations,
                locked,
                ..
            } = state;
            let Some(mut changed) = registrations.get_mut(key) else {
                continue;
            };
            if !changed.registration.futile.resume(direction) {
                continue;
            }
            // The next wait is to include it, whichever part of the sources that is for.
            B::refresh(locked, changed.slot(direction));
            changed.touch();
            if changed.arm(direction) {
                backend.rearmed(registrations, key);
            } else {
                backend.after_io(state, key, direction, IoOutcome::Failed);
            }
            state.pauses.resumed(key, direction);
        }
        let has_resumed = state.pauses.has_resumed();
        if has_resumed {
            backend.update(&mut self.waiting.host, state);
        }
        has_resumed
    }

    /// A source that is not ready at once when it is armed again was right each time that it was
    /// reported: its row of futile events ends.
    #[cold]
    #[inline(never)]
    pub(super) fn note_resumed(&self, state: &mut State<B>) {
        // With more room there might be more.
        let is_complete = self.waiting.ready.is_empty() && !self.events.is_full();
        let State {
            registrations,
            pauses,
            ..
        } = state;
        for (key, direction) in pauses.take_resumed() {
            if is_complete
                && let Some(changed) = registrations.get_mut(key)
                && !self.was_reported(changed.registration, key, direction)
            {
                changed.registration.futile.end_row(direction);
            }
        }
    }

    /// Whether this wait has reported a direction that was armed before it.
    fn was_reported(
        &self,
        registration: &Registration<B::Source, B::Slot>,
        key: Key,
        direction: Direction,
    ) -> bool {
        if registration.notify.is_for_tasks() {
            return !registration.armed.contains(direction);
        }
        self.events.has(registration.event_index, key)
    }
}

impl<B: Backend> Shared<B> {
    /// Whether an operation that found nothing makes the event before it a futile one. Where the host
    /// keeps the edges, that is only so if the source is to be reported again without a new one.
    pub(super) fn is_after_event(
        &self,
        registration: &Registration<B::Source, B::Slot>,
        direction: Direction,
        outcome: IoOutcome,
    ) -> bool {
        let is_reported = if self.backend.keeps_edges(registration) {
            outcome == IoOutcome::Failed
        } else {
            !registration.armed.contains(direction)
        };
        let is_wanted = Directions::of(registration.interest).contains(direction);
        // A refused source is reported rarely anyway.
        let may_spin = registration.mode == Mode::Edge && registration.waits != Waits::Refused;
        is_reported && is_wanted && may_spin
    }

    /// Arms a direction later.
    #[cold]
    pub(super) fn pause(
        &self,
        mut state: Guard<'_, State<B>>,
        key: Key,
        direction: Direction,
        pause_ns: u64,
    ) {
        let until_ns = self.backend.now_ns().saturating_add(pause_ns);
        state.pauses.add(key, direction, until_ns);
        // An error would leave another thread in its wait; the source stays silent no longer than that.
        let _ = self.unlock(state, Until::At(until_ns));
    }
}
