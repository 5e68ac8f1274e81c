//! Descriptors that wasi-libc made: the standard library's, which are of WASI 0.2. libc's `poll`
//! waits for them, and it cannot wait for operations, nor the host for descriptors. Where there are
//! both, the two waits alternate in slices.

use std::io;
use std::ops::Range;

use super::backend::P3;
use super::bindings::monotonic_clock;
use super::clock::Clock;
use super::event::{Answer, Ready};
use super::{operations, raw};
use crate::RawDescriptor;
use crate::portable::{Direction, Key, Source, State, Until};
use crate::sys::poll_fd::PollFd;

/// libc's `poll` puts 24 bytes for each descriptor on the stack, which is 1 MiB by default.
const AT_ONCE: usize = 8192;
/// How many go at once without a timeout: wasmtime then sees no more than 128, with what libc adds.
const CHUNK: usize = 100;
/// The longest waits for operations while descriptors are waited for too: first and last.
const SLICE_NS: (u64, u64) = (1_000_000, 10_000_000);

/// What waits for descriptors. Behind a trait object, which the first descriptor installs.
pub(super) trait Fds: Send {
    /// Lists those that are armed.
    fn gather(&mut self, state: &State<P3>);

    /// Whether one is armed.
    fn has_any(&self) -> bool;

    /// Waits until `until`, or returns earlier, and appends the descriptors that are ready.
    fn wait(
        &mut self,
        clock: &Clock,
        until: Until,
        round: u32,
        ready: &mut Vec<Ready>,
    ) -> io::Result<()>;
}

/// Makes what waits for descriptors.
pub(super) type NewFds = fn() -> Box<dyn Fds>;

pub(super) fn new_fds() -> Box<dyn Fds> {
    Box::<Descriptors>::default()
}

#[derive(Debug, Default)]
struct Descriptors {
    fds: Vec<PollFd>,
    /// Whose they are: the same places.
    owners: Vec<(Key, Direction)>,
}

impl Fds for Descriptors {
    fn gather(&mut self, state: &State<P3>) {
        self.fds.clear();
        self.owners.clear();
        for key in state.registrations.descriptor_keys() {
            if let Some(one) = state.registrations.get(key) {
                // libc leaves a negative number alone.
                let fd = one.source.descriptor().unwrap_or(-1);
                for direction in one.armed.iter() {
                    self.fds.push(asked(fd, direction));
                    self.owners.push((key, direction));
                }
            }
        }
    }

    fn has_any(&self) -> bool {
        !self.fds.is_empty()
    }

    fn wait(
        &mut self,
        clock: &Clock,
        until: Until,
        round: u32,
        ready: &mut Vec<Ready>,
    ) -> io::Result<()> {
        if operations::in_flight() == 0 && self.fds.len() <= AT_ONCE && until != Until::Now {
            self.poll(0..self.fds.len(), milliseconds(until), ready);
            return Ok(());
        }
        for start in (0..self.fds.len()).step_by(CHUNK) {
            self.poll(start..self.fds.len().min(start + CHUNK), 0, ready);
        }
        if !ready.is_empty() || until == Until::Now {
            return clock.block(Until::Now);
        }
        let slice_ns = (SLICE_NS.0 << round.min(8)).min(SLICE_NS.1);
        let slice = Until::At(monotonic_clock::now().saturating_add(slice_ns));
        clock.block(until.min(slice))
    }
}

impl Descriptors {
    /// Waits for those at these places.
    fn poll(&mut self, places: Range<usize>, timeout_ms: i32, ready: &mut Vec<Ready>) {
        let fds = &mut self.fds[places.clone()];
        match raw::poll_fds(fds, timeout_ms) {
            Ok(0) => return,
            Ok(_) => {}
            Err(_) => poll_one_by_one(fds),
        }
        for (fd, &(key, direction)) in fds.iter().zip(&self.owners[places]) {
            if fd.revents != 0 {
                ready.push(Ready {
                    key,
                    answer: Answer::Fd(direction, *fd),
                });
            }
        }
    }
}

fn asked(fd: RawDescriptor, direction: Direction) -> PollFd {
    let events = match direction {
        Direction::Read => PollFd::POLLRDNORM,
        Direction::Write => PollFd::POLLWRNORM,
    };
    PollFd {
        fd,
        events,
        revents: 0,
    }
}

/// libc refuses them all for one that was closed, and does not say which. If none of them is refused
/// alone and none is ready, the error is one of each: an operation shows what it is, and the source
/// is waited for again.
fn poll_one_by_one(fds: &mut [PollFd]) {
    for one in &mut *fds {
        if raw::poll_fds(std::slice::from_mut(one), 0).is_err() {
            one.revents = PollFd::POLLNVAL;
        }
    }
    if fds.iter().all(|one| one.revents == 0) {
        for one in fds {
            one.revents = PollFd::POLLERR;
        }
    }
}

/// Refuses a descriptor that libc does not know.
pub(super) fn check_open(descriptor: RawDescriptor) -> io::Result<()> {
    let mut fds = [PollFd {
        fd: descriptor,
        events: 0,
        revents: 0,
    }];
    raw::poll_fds(&mut fds, 0)?;
    if descriptor < 0 || fds[0].revents & PollFd::POLLNVAL != 0 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("descriptor {descriptor} is not open: register it before it is closed"),
        ));
    }
    Ok(())
}

/// Rounded up: a wait is never shorter than asked for.
fn milliseconds(until: Until) -> i32 {
    match until {
        Until::Now => 0,
        Until::At(_) => {
            let left_ns = until.left_ns(monotonic_clock::now());
            i32::try_from(left_ns.div_ceil(1_000_000)).unwrap_or(i32::MAX)
        }
        Until::Never => -1,
    }
}
