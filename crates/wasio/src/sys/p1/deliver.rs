//! What the host reports becomes the caller's events.

use super::abi::{Errno, Event, FD_WRITE};
use super::record;
use super::selector::State;
use super::wait::Turn;
use crate::event::Readiness;
use crate::portable::{Direction, Key};
use crate::{Events, Mode, Token};

impl<H> Turn<'_, H> {
    /// The events that the host has reported so far in this turn, and that are believed.
    pub(super) const fn heard(&self) -> usize {
        self.told + self.wait.found.len()
    }

    /// Tells the caller what was found, as far as there is room.
    #[inline(never)]
    pub(super) fn deliver(&mut self, state: &mut State) {
        let wait = &mut *self.wait;
        let rest = wait.found.get(wait.delivered..).unwrap_or_default();
        wait.delivered += hear(state, self.events, rest, false).heard;
        if wait.delivered >= wait.found.len() {
            wait.found.clear();
            wait.delivered = 0;
        }
    }

    /// Tells of what needs no host.
    pub(super) fn push(&mut self, token: Token) {
        // There is room: the callers have just looked.
        let _ = self
            .events
            .push(Key::NONE, token, Readiness::READABLE, record(&Event::ZERO));
    }
}

/// What the host's records of a call say.
#[derive(Copy, Clone)]
pub(super) struct Heard {
    /// The records up to the first for which the caller has no room.
    pub(super) heard: usize,
    /// Those that are not the clock's.
    pub(super) reported: usize,
    /// Those of them that may not be so, and were not told.
    pub(super) doubtful: usize,
    /// Those of the doubtful that are about writing.
    pub(super) writes: usize,
}

/// Whether a record of a host that cries wolf says no more than "perhaps".
pub(super) fn is_ambiguous(event: &Event) -> bool {
    (event.nbytes <= 1 || event.kind == FD_WRITE)
        && event.error == Errno::SUCCESS
        && !event.is_hangup()
        && !event.is_clock()
}

/// Tells the caller what records say, or with `doubts` what they say for certain.
#[inline(never)]
pub(super) fn hear(
    state: &mut State,
    events: &mut Events,
    records: &[Event],
    doubts: bool,
) -> Heard {
    let (mut clocks, mut doubtful, mut writes) = (0, 0, 0);
    let mut rest = records.iter();
    let mut heard = records.len();
    while let Some(event) = rest.next() {
        if event.is_clock() {
            clocks += 1;
        } else if doubts && is_ambiguous(event) {
            doubtful += 1;
            writes += usize::from(event.kind == FD_WRITE);
        } else if !state.deliver(events, event) && events.is_full() {
            heard -= rest.len() + 1;
            break;
        }
    }
    Heard {
        heard,
        reported: heard - clocks,
        doubtful,
        writes,
    }
}

impl State {
    /// Whether the event has become part of the caller's events. If not, there was no room, or it is
    /// stale, or was disarmed since, as another thread was quicker.
    #[inline(always)]
    fn deliver(&mut self, events: &mut Events, event: &Event) -> bool {
        let hot = self.hot;
        let Some((key, direction)) = event.target() else {
            return false;
        };
        let Some(mut armed) = self.sources.armed(key, direction) else {
            return false;
        };
        let mode = armed.mode();
        let usual = event.error == Errno::SUCCESS && !armed.always_ready();
        let readiness = if usual {
            Readiness::ready(direction, event.is_hangup())
        } else {
            unusual_readiness(event, direction)
        };
        let (hint, token) = (armed.hint(), armed.token());
        let Some(hint) = events.merge(hint, key, token, readiness, record(event)) else {
            return false;
        };
        armed.set_hint(hint);
        if usual && mode == Mode::Edge {
            armed.disarm();
        } else if usual && mode == Mode::Level {
            armed.touch(hot);
        } else {
            self.silence(event, key, direction, mode);
        }
        true
    }

    /// Does to a registration what an event that is not the usual one does.
    #[cold]
    #[inline(never)]
    fn silence(&mut self, event: &Event, key: Key, direction: Direction, mode: Mode) {
        let Some(source) = self.sources.get(key) else {
            return;
        };
        // A file never blocks and so is read to its end; of what was refused nobody knows.
        if source.always_ready {
            self.reported_always_ready |= source.refused || mode == Mode::Level;
        }
        let failed = event.error != Errno::SUCCESS;
        let refused = failed && event.error.is_refusal();
        if refused {
            self.sources.set_refused(key);
        }
        match mode {
            // A closed descriptor would fail each call from now on, for all others too.
            _ if event.error == Errno::BADF => self.sources.disarm_both(key),
            Mode::Level if failed => {}
            Mode::Level => self.sources.touch(key, direction, self.hot),
            Mode::Edge if refused || !failed => self.sources.disarm(key, direction),
            Mode::Edge | Mode::Oneshot => self.sources.disarm_both(key),
        }
    }
}

/// What a host's record says about a source, which may be an error.
#[cold]
#[inline(never)]
const fn unusual_readiness(event: &Event, direction: Direction) -> Readiness {
    if event.error.0 != Errno::SUCCESS.0 && !event.error.is_refusal() {
        return Readiness::FAILED;
    }
    Readiness::ready(direction, event.is_hangup())
}
