//! Descriptors that wasi-libc made, waited for with its `poll`.

use std::ops::Range;
use std::os::fd::RawFd;

use super::cost::LOOKS_AT_ONCE;
use super::raw::{self, Asked};
use super::selector::{self, State};
use super::target::{Record, Target};
use super::wait::{Budget, Found, Turn, readiness};
use crate::event::Readiness;
use crate::portable::{Direction, Key, Sources};

/// libc's `poll` puts 24 bytes for each of them on the stack, which is 1 MiB by default.
const AT_ONCE: usize = 8192;
/// Where there are more than [`AT_ONCE`], the last of them are waited for so long at a time.
const PIECE_MS: i32 = 10;

/// The longest waits on pollables while descriptors are registered too: first and last.
const SLICE_NS: (u64, u64) = (1_000_000, 10_000_000);

/// The registration of each descriptor. libc numbers them from the lowest that is free, so they are
/// places in a list.
#[derive(Debug, Default)]
pub(super) struct ByDescriptor {
    keys: Vec<Option<Key>>,
    len: usize,
}

impl ByDescriptor {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn get(&self, descriptor: RawFd) -> Option<Key> {
        *self.keys.get(usize::try_from(descriptor).ok()?)?
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = Key> {
        self.keys.iter().copied().flatten()
    }

    /// Enters an open descriptor that is not there.
    pub(super) fn insert(&mut self, descriptor: RawFd, key: Key) {
        let Ok(place) = usize::try_from(descriptor) else {
            return;
        };
        if place >= self.keys.len() {
            self.keys.resize(place + 1, None);
        }
        self.keys[place] = Some(key);
        self.len += 1;
    }

    pub(super) fn remove(&mut self, descriptor: RawFd) {
        let place = usize::try_from(descriptor).ok();
        if let Some(slot) = place.and_then(|place| self.keys.get_mut(place))
            && slot.take().is_some()
        {
            self.len -= 1;
        }
    }
}

/// What is done for descriptors. A selector gets it with the first of them: a program without any is
/// linked without this code, and without libc's `poll`.
pub(super) struct Ways {
    /// [`State::place_descriptors`]
    pub(super) place: fn(&mut State) -> bool,
    /// [`State::forget_descriptor`]
    pub(super) forget: fn(&mut State, Key),
    /// [`Descriptors::gather`]
    pub(super) gather: fn(&mut Descriptors, bool, &mut Sources<Target>),
    /// [`Turn::ask_libc`]
    pub(super) ask_alone: fn(&mut Turn<'_>, Range<usize>, Budget) -> usize,
    /// [`Turn::ask_both`]
    pub(super) ask_both: fn(&mut Turn<'_>, Budget),
}

pub(super) static WAYS: Ways = Ways {
    place: State::place_descriptors,
    forget: State::forget_descriptor,
    gather: Descriptors::gather,
    ask_alone: |turn, places, budget| turn.ask_libc(places, budget),
    ask_both: |turn, budget| turn.ask_both(budget),
};

/// What libc is asked about.
#[derive(Debug, Default)]
pub(super) struct Descriptors {
    asked: Vec<Asked>,
    /// Who asks: the same places.
    owners: Vec<(Key, Direction)>,
    alone: bool,
}

impl Descriptors {
    /// Whether there are descriptors and no pollables.
    pub(super) const fn are_alone(&self) -> bool {
        self.alone
    }

    /// Whether no descriptor is waited for outside the array.
    pub(super) const fn none_outside(&self) -> bool {
        self.alone || self.asked.is_empty()
    }

    /// Takes note of where the descriptors stand, and lists those that stand outside the array.
    pub(super) fn gather(&mut self, are_alone: bool, sources: &mut Sources<Target>) {
        self.alone = are_alone;
        self.asked.clear();
        self.owners.clear();
        if are_alone {
            return;
        }
        self.owners.extend_from_slice(sources.always_ready());
        for &(key, direction) in &self.owners {
            let target = sources.get(key).map(|source| source.source);
            self.asked.push(asked(target, direction));
        }
    }

    /// Lists what [`ask`](Self::ask) is to ask about.
    pub(super) fn list(&mut self, slots: impl Iterator<Item = (Target, Key, Direction)>) {
        self.asked.clear();
        self.owners.clear();
        for (target, key, direction) in slots {
            self.asked.push(asked(Some(target), direction));
            self.owners.push((key, direction));
        }
    }

    /// Waits, and adds what is ready to `found`.
    pub(super) fn ask(&mut self, budget: Budget, found: &mut Vec<Found>) {
        let timeout_ms = match budget {
            Budget::Zero => 0,
            Budget::Until(at_ns) => milliseconds(at_ns.saturating_sub(selector::now_ns())),
            Budget::Within(bound_ns) => milliseconds(bound_ns),
            Budget::Unlimited => -1,
        };
        let before = found.len();
        let ahead = self.asked.len() / AT_ONCE * AT_ONCE;
        let (looked_at, timeout_ms) = match timeout_ms {
            0 => (self.asked.len(), 0),
            _ if ahead == 0 => (0, timeout_ms),
            -1 => (ahead, PIECE_MS),
            limited => (ahead, limited.min(PIECE_MS)),
        };
        for start in (0..looked_at).step_by(LOOKS_AT_ONCE) {
            self.ask_piece(start..looked_at.min(start + LOOKS_AT_ONCE), 0, found);
        }
        if timeout_ms != 0 {
            let timeout_ms = if found.len() > before { 0 } else { timeout_ms };
            self.ask_piece(looked_at..self.asked.len(), timeout_ms, found);
        }
    }

    fn ask_piece(&mut self, places: Range<usize>, timeout_ms: i32, found: &mut Vec<Found>) {
        let asked = &mut self.asked[places.clone()];
        match raw::poll_descriptors(asked, timeout_ms) {
            Ok(0) => return,
            Ok(_) => {}
            Err(_) => ask_one_by_one(asked),
        }
        for (asked, &(key, direction)) in asked.iter().zip(&self.owners[places]) {
            if asked.found != 0 {
                found.push(Found {
                    key,
                    direction,
                    readiness: readiness_of(asked.found, direction),
                    record: Record::Descriptor {
                        descriptor: asked.descriptor,
                        found: asked.found,
                    },
                });
            }
        }
    }
}

impl Turn<'_> {
    /// As [`ask_part`](Self::ask_part), at some places of the array, where all sources are descriptors.
    fn ask_libc(&mut self, places: Range<usize>, budget: Budget) -> usize {
        let wait = &mut *self.wait;
        let owners = wait.order.owners(places);
        let before = wait.found.len();
        let state = self.shared.lock();
        let asked = owners
            .iter()
            .filter_map(|slot| state.sources.subscription(*slot));
        wait.descriptors.list(asked);
        drop(state);
        wait.descriptors.ask(budget, &mut wait.found);
        wait.found.len() - before
    }

    /// Asks libc about its descriptors and the host about the pollables, in turn: neither can
    /// wait for what the other one knows.
    fn ask_both(&mut self, budget: Budget) {
        let wait = &mut *self.wait;
        if wait.order.len() == 0 {
            return wait.descriptors.ask(budget, &mut wait.found);
        }
        wait.descriptors.ask(Budget::Zero, &mut wait.found);
        let budget = if wait.found.is_empty() && budget != Budget::Zero {
            let slice_ns = (SLICE_NS.0 << self.round.min(8)).min(SLICE_NS.1);
            budget.until(selector::now_ns().saturating_add(slice_ns))
        } else {
            Budget::Zero
        };
        self.ask(budget);
    }
}

/// libc refuses them all for one that was closed, and does not say which. If none of them is
/// refused alone, the error is one of each.
fn ask_one_by_one(asked: &mut [Asked]) {
    for one in &mut *asked {
        if raw::poll_descriptors(std::slice::from_mut(one), 0).is_err() {
            one.found = Asked::ERROR;
        }
    }
    if asked.iter().all(|one| one.found == 0) {
        for one in asked {
            one.found = Asked::ERROR;
        }
    }
}

fn asked(target: Option<Target>, direction: Direction) -> Asked {
    let descriptor = match target {
        Some(Target::Descriptor(descriptor)) => descriptor,
        // libc leaves a negative number alone.
        _ => -1,
    };
    let wanted = match direction {
        Direction::Read => Asked::READ,
        Direction::Write => Asked::WRITE,
    };
    Asked {
        descriptor,
        wanted,
        found: 0,
    }
}

/// Rounded up: a wait is never shorter than asked for.
fn milliseconds(ns: u64) -> i32 {
    i32::try_from(ns.div_ceil(1_000_000)).unwrap_or(i32::MAX)
}

fn readiness_of(found: i16, direction: Direction) -> Readiness {
    let closed = match direction {
        Direction::Read => Readiness::READ_CLOSED,
        Direction::Write => Readiness::WRITE_CLOSED,
    };
    if found & (Asked::ERROR | Asked::NOT_OPEN) != 0 {
        Readiness::FAILED
    } else if found & Asked::HANG_UP != 0 {
        readiness(direction).with(closed)
    } else {
        readiness(direction)
    }
}
