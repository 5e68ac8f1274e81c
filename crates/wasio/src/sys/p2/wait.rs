//! A wait of the host, on parts of the array.
//!
//! The host makes a future for each pollable of a wait and polls each (wasmtime 46: 0.3 to 0.4 µs). It
//! polls no more than 128 of them in earnest before it starts again from the first. So a wait that
//! blocks on 1 000 costs it about as much as five sweeps of them, and on 4 000 as fifteen; and a wait
//! that does not block sees nothing of the 129th on. Hence everything is polled in chunks. On hosts where
//! all calls since the guest was last suspended share those 128, a chunk with nothing ready suspends
//! it by its clock, and is then polled in earnest. See `answers.rs`.

use std::ops::Range;

use super::answers::{BATCH, MANY};
use super::backend::P2;
use super::event::{Answer, Ready};
use super::host::{Host, NO_HANDLE};
use super::settle::settle;
use super::target::Target;
use super::waiter::{Wait, Waiter};
use crate::portable::hot_cold::{self, CHUNK, Part, Parts, Policy, Window};
use crate::portable::{Key, State, Until, WaitCall};

impl<H: Host> Wait<H> {
    pub(super) fn update(&mut self, host: &H, state: &mut State<P2<H>>) {
        if let Some(new) = state.locked.new_fd_wait {
            self.fds.get_or_insert_with(new).place(state);
        }
        let State {
            registrations,
            locked,
            ..
        } = state;
        hot_cold::update(
            registrations,
            &mut locked.heat,
            &mut self.array,
            |target, _, direction| match target {
                _ if target.is_ahead(direction) => Some(host.always_ready()),
                // A direction that the source does not have is not waited for.
                Target::Pollables { .. } => target.handle(direction),
                // Only its place counts: the host is not handed descriptors.
                Target::Descriptor(_) => Some(NO_HANDLE),
            },
        );
        if let Some(fds) = &mut self.fds {
            fds.gather(state);
        }
    }
}

/// Waits until `call.until`.
pub(super) fn wait<H: Host>(call: WaitCall<'_, P2<H>>) {
    // Here, where nothing is locked: what goes leaves the forks of the selector.
    let until = call.until.min(call.shared.backend.host.sweep_lingering());
    let mut fds = call.host.fds.take();
    let mut waiter = Waiter {
        host: &call.shared.backend.host,
        shared: call.shared,
        wait: call.host,
        ready: call.ready,
        fds: fds.as_deref_mut(),
    };
    match waiter.fds.take_if(|fds| fds.has_outside()) {
        Some(fds) => fds.wait(&mut waiter, until, call.round),
        None => waiter.wait(until),
    }
    settle(call.shared, waiter.ready);
    call.host.fds = fds;
}

impl<H: Host> Waiter<'_, H> {
    /// Waits on the part of the array that the policy chooses.
    pub(super) fn wait(&mut self, until: Until) {
        let before = self.ready.len();
        if self.wait.answers.begin(self.wait.array.hot()) {
            self.suspend();
        }
        if self.wait.policy.applies(self.wait.array.cold()) {
            // No call of a 0.2 host fails.
            let _ = hot_cold::drive(self, until);
        } else {
            self.wait_part(Part::All, until, None);
        }
        if self.wait.answers.found(self.ready.len() - before) {
            self.suspend();
        }
        self.wait.answers.report(&mut self.ready[before..]);
        self.shared.lock().were_reported(&self.ready[before..]);
    }

    /// Waits on a part of the array and returns how many directions are ready. With `bound_from_ns`
    /// it may end a little late: that is when a bounded wait began.
    fn wait_part(&mut self, part: Part, until: Until, bound_from_ns: Option<u64>) -> usize {
        // libc refuses to wait for no descriptor at all: the clock does that.
        if self.wait.array.len_of(part) > 0
            && let Some(len) = self.poll_fds(self.wait.array.places(part), until)
        {
            return len;
        }
        let before = self.ready.len();
        let limit = if self.wait.answers.take_busy() {
            BATCH
        } else {
            CHUNK
        };
        // A wait that ends at once sees no more than a chunk: what comes late in the host's order
        // would never be seen beside what is always ready.
        if until == Until::Now || self.wait.array.len_of(part) > limit {
            self.poll_chunks(part, limit);
        }
        if until != Until::Now && self.ready.len() == before {
            self.block_on(part, until, bound_from_ns);
        }
        // The host gives the others again.
        self.ready.truncate(before + BATCH);
        self.ready.len() - before
    }

    /// Polls a part in chunks until many are ready. The next time the rest comes first.
    fn poll_chunks(&mut self, part: Part, mut limit: usize) {
        let (before, len) = (self.ready.len(), self.wait.array.len_of(part));
        let (mut polled, mut found) = (0, 0);
        while polled < len && found < MANY {
            // Few of those were ready, so few of the next are, and each chunk is a call.
            limit = limit.max(polled).min(CHUNK);
            let chunk = (self.wait.array).next_chunk(part, (limit - found).min(len - polled));
            polled += chunk.len().max(1);
            self.poll_chunk(&chunk);
            let kept = BATCH - found;
            found = self.ready.len() - before;
            if found > BATCH {
                // What is left out comes first the next time.
                self.wait.array.return_to(chunk.start + kept);
            }
        }
    }

    /// Suspends the guest, so that the host answers the next calls.
    fn suspend(&mut self) {
        *self.wait.array.clock_mut() = self.wait.clock.now(self.host);
        let window = self.wait.array.window_of_clock();
        self.call(&window);
    }

    /// If the array is of descriptors: has libc wait for some of them, and returns how many directions
    /// are ready.
    fn poll_fds(&mut self, places: Range<usize>, until: Until) -> Option<usize> {
        let fds = self.fds.take_if(|fds| fds.are_alone())?;
        let len = fds.poll_places(self, places, until);
        self.fds = Some(fds);
        Some(len)
    }

    /// Notes what is ready in a chunk of the array, without blocking.
    #[inline(never)]
    fn poll_chunk(&mut self, chunk: &Range<usize>) {
        *self.wait.array.clock_mut() = self.wait.clock.now(self.host);
        let window = self.wait.array.window_of_chunk(chunk);
        self.call(&window);
    }

    /// Blocks until something in a part of the array is ready.
    fn block_on(&mut self, part: Part, until: Until, bound_from_ns: Option<u64>) {
        let wait = &mut *self.wait;
        // The host makes a timer of a clock for each wait, even of one that is never due.
        let goes_without = part == Part::All && until == Until::Never && wait.array.len() > 0;
        let window = if goes_without {
            wait.array.window_without_clock()
        } else {
            *wait.array.clock_mut() = wait.clock.until(self.host, until, bound_from_ns);
            wait.array.window_of(part)
        };
        self.call(&window);
    }

    /// Has the host wait on a window, and takes up its answer.
    #[inline(never)]
    fn call(&mut self, window: &Window) {
        let Wait { array, indices, .. } = &mut *self.wait;
        let host = self.host;
        let len = array.with_window(window, |handles| {
            if indices.len() < handles.len() {
                indices.resize(handles.len(), 0);
            }
            host.poll(handles, indices).min(handles.len())
        });
        let before = self.ready.len();
        let state = self.shared.lock();
        for &index in &indices[..len] {
            // The clock has no registration, nor has a place that the host made up.
            let slot = array.owner(window, index as usize);
            if let Some(slot) = slot
                && let Some(key) = state.registrations.key_at(slot.index())
                && let Some(one) = state.registrations.get(key)
            {
                let (target, direction) = (one.source, slot.direction());
                let handle = target.handle(direction).unwrap_or(NO_HANDLE);
                self.ready.push(Ready {
                    key,
                    direction,
                    answer: Answer::Pollable(handle),
                });
            }
        }
        if self.ready.len() == before {
            // Its clock has ended it, and before that the guest was suspended.
            self.wait.answers.suspended();
        }
    }

    /// The registrations at places of the array, and what they are made of.
    pub(super) fn at_places(
        &self,
        places: Range<usize>,
        mut each: impl FnMut(Target, Key, crate::portable::Direction),
    ) {
        let state = self.shared.lock();
        for slot in self.wait.array.owners(places) {
            if let Some(key) = state.registrations.key_at(slot.index())
                && let Some(one) = state.registrations.get(key)
            {
                each(one.source, key, slot.direction());
            }
        }
    }
}

impl<H: Host> Parts for Waiter<'_, H> {
    fn policy(&mut self) -> &mut Policy {
        &mut self.wait.policy
    }

    fn now_ns(&self) -> u64 {
        self.host.now_ns()
    }

    fn lens(&self) -> (usize, usize) {
        (self.wait.array.hot(), self.wait.array.cold())
    }

    fn wait_hot(&mut self, now_ns: u64, until: Until, is_bound: bool) -> std::io::Result<usize> {
        Ok(self.wait_part(Part::Hot, until, is_bound.then_some(now_ns)))
    }

    fn wait_all(&mut self, _now_ns: u64, until: Until) -> std::io::Result<usize> {
        Ok(self.wait_part(Part::All, until, None))
    }

    fn sweep(&mut self, sources: usize) -> std::io::Result<usize> {
        let before = self.ready.len();
        let mut left = sources;
        while left > 0 {
            let chunk = self.wait.array.next_cold(left.min(CHUNK));
            left = left.saturating_sub(chunk.len().max(1));
            if self.poll_fds(chunk.clone(), Until::Now).is_none() {
                self.poll_chunk(&chunk);
            }
        }
        Ok(self.ready.len() - before)
    }

    fn hot_wait_cost_ns(&self, sources: usize) -> u64 {
        self.full_wait_cost_ns(sources)
    }

    fn full_wait_cost_ns(&self, sources: usize) -> u64 {
        // One sweep is made beforehand, one when the wait ends, and one more per four chunks.
        let sweeps = 2 + sources / (4 * CHUNK);
        let sweep_ns = self.wait.policy.sweep_ns(sources);
        sweep_ns.saturating_mul(sweeps as u64)
    }
}
