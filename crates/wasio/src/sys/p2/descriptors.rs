//! Descriptors that wasi-libc made, waited for with its `poll`.

use std::ops::Range;

use super::backend::P2;
use super::event::{Answer, Ready};
use super::host::Host;
use super::target::Target;
use super::waiter::{FdWait, Waiter};
use crate::RawDescriptor;
use crate::portable::hot_cold::CHUNK;
use crate::portable::{Direction, Key, Source, State, Until, Waits};
use crate::sys::poll_fd::PollFd;

/// libc's `poll` puts 24 bytes for each descriptor on the stack, which is 1 MiB by default.
const AT_ONCE: usize = 8192;
/// With more than [`AT_ONCE`], the last of them are waited for this long at a time.
const CHUNK_MS: i32 = 10;
/// The longest waits on pollables while descriptors are registered too: first and last.
const SLICE_NS: (u64, u64) = (1_000_000, 10_000_000);

/// What waits for descriptors, with none yet.
pub(super) fn new_fd_wait<H: Host>() -> Box<dyn FdWait<H>> {
    Box::<Descriptors>::default()
}

#[derive(Debug, Default)]
struct Descriptors {
    fds: Vec<PollFd>,
    /// Whose they are: the same places.
    owners: Vec<(Key, Direction)>,
    /// `None` before the first time: a fork begins with descriptors that are in the array.
    are_alone: Option<bool>,
}

impl<H: Host> FdWait<H> for Descriptors {
    fn place(&mut self, state: &mut State<P2<H>>) {
        let registrations = &mut state.registrations;
        let descriptors = registrations.descriptors();
        let are_alone = descriptors > 0 && descriptors == registrations.len();
        let waits = if are_alone {
            Waits::Host
        } else {
            Waits::Elsewhere
        };
        if Some(are_alone) != self.are_alone || (are_alone && registrations.has_changes()) {
            let keys: Vec<Key> = registrations.descriptor_keys().collect();
            for key in keys {
                if let Some(mut changed) = registrations.get_mut(key)
                    && changed.registration.waits != waits
                {
                    changed.set_waits(waits);
                }
            }
        }
        self.are_alone = Some(are_alone);
    }

    fn gather(&mut self, state: &State<P2<H>>) {
        self.fds.clear();
        self.owners.clear();
        if self.are_alone == Some(true) {
            return;
        }
        for key in state.registrations.descriptor_keys() {
            if let Some(one) = state.registrations.get(key) {
                for direction in one.armed.iter() {
                    self.list(one.source, key, direction);
                }
            }
        }
    }

    fn are_alone(&self) -> bool {
        self.are_alone == Some(true)
    }

    fn has_outside(&self) -> bool {
        self.are_alone != Some(true) && !self.fds.is_empty()
    }

    fn poll_places(
        &mut self,
        waiter: &mut Waiter<'_, H>,
        places: Range<usize>,
        until: Until,
    ) -> usize {
        self.fds.clear();
        self.owners.clear();
        waiter.at_places(places, |target, key, direction| {
            self.list(target, key, direction);
        });
        let before = waiter.ready.len();
        self.poll(waiter.host, until, waiter.ready);
        waiter.ready.len() - before
    }

    fn wait(&mut self, waiter: &mut Waiter<'_, H>, until: Until, round: u32) {
        if waiter.wait.array.len() == 0 {
            return self.poll(waiter.host, until, waiter.ready);
        }
        self.poll(waiter.host, Until::Now, waiter.ready);
        if !waiter.ready.is_empty() || until == Until::Now {
            return waiter.wait(Until::Now);
        }
        let slice_ns = (SLICE_NS.0 << round.min(8)).min(SLICE_NS.1);
        let slice = Until::At(waiter.host.now_ns().saturating_add(slice_ns));
        waiter.wait(until.min(slice));
    }
}

impl Descriptors {
    fn list(&mut self, target: Target, key: Key, direction: Direction) {
        // libc leaves a negative number alone.
        let fd = target.descriptor().map_or(-1, fd_of);
        let events = match direction {
            Direction::Read => PollFd::POLLRDNORM,
            Direction::Write => PollFd::POLLWRNORM,
        };
        self.fds.push(PollFd {
            fd,
            events,
            revents: 0,
        });
        self.owners.push((key, direction));
    }

    /// Waits, and appends what is ready to `ready`.
    fn poll(&mut self, host: &impl Host, until: Until, ready: &mut Vec<Ready>) {
        let timeout_ms = match until {
            Until::Now => 0,
            Until::At(_) => milliseconds(until.left_ns(host.now_ns())),
            Until::Never => -1,
        };
        let before = ready.len();
        let ahead = self.fds.len() / AT_ONCE * AT_ONCE;
        let (polled, timeout_ms) = match timeout_ms {
            0 => (self.fds.len(), 0),
            _ if ahead == 0 => (0, timeout_ms),
            -1 => (ahead, CHUNK_MS),
            limited => (ahead, limited.min(CHUNK_MS)),
        };
        for start in (0..polled).step_by(CHUNK) {
            self.poll_chunk(host, start..polled.min(start + CHUNK), 0, ready);
        }
        if timeout_ms != 0 {
            let timeout_ms = if ready.len() > before { 0 } else { timeout_ms };
            self.poll_chunk(host, polled..self.fds.len(), timeout_ms, ready);
        }
    }

    fn poll_chunk(
        &mut self,
        host: &impl Host,
        places: Range<usize>,
        timeout_ms: i32,
        ready: &mut Vec<Ready>,
    ) {
        let fds = &mut self.fds[places.clone()];
        match host.poll_fds(fds, timeout_ms) {
            Ok(0) => return,
            Ok(_) => {}
            Err(_) => poll_one_by_one(host, fds),
        }
        for (fd, &(key, direction)) in fds.iter().zip(&self.owners[places]) {
            if fd.revents != 0 {
                let answer = Answer::Fd(*fd);
                ready.push(Ready {
                    key,
                    direction,
                    answer,
                });
            }
        }
    }
}

/// libc refuses them all for one that was closed, and does not say which. If none of them is refused
/// alone and none is ready, the error is one of each: an operation shows what it is, and the source
/// is waited for again.
fn poll_one_by_one(host: &impl Host, fds: &mut [PollFd]) {
    for one in &mut *fds {
        if host.poll_fds(std::slice::from_mut(one), 0).is_err() {
            one.revents = PollFd::POLLNVAL;
        }
    }
    if fds.iter().all(|one| one.revents == 0) {
        for one in fds {
            one.revents = PollFd::POLLERR;
        }
    }
}

/// The number as libc takes it: negative for what cannot be one.
#[cfg_attr(
    not(windows),
    allow(clippy::useless_conversion, reason = "as on Windows")
)]
pub(super) fn fd_of(descriptor: RawDescriptor) -> i32 {
    i32::try_from(descriptor).unwrap_or(-1)
}

/// Rounded up: a wait is never shorter than asked for.
fn milliseconds(ns: u64) -> i32 {
    i32::try_from(ns.div_ceil(1_000_000)).unwrap_or(i32::MAX)
}
