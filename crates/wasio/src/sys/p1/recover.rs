//! Calls that fail. On a host that limits the subscriptions per call, the array is waited on in
//! chunks. A source that makes a call fail is identified, and its owner gets the error.

use std::io;
use std::ops::Range;

use super::abi::{CLOCK_USERDATA, Errno, Subscription};
use super::answer::Call;
use super::host::Host;
use super::waiter::Waiter;
use crate::portable::Key;
use crate::portable::hot_cold::Part;

/// An `inval` for more sources than this is taken for a limit first.
const MANY: usize = 512;
/// The first wait on one chunk, in which the others are not seen.
const CHUNK_WAIT_NS: u64 = 1_000_000;

impl<H: Host> Waiter<'_, H> {
    /// Waits in chunks, on a host that does not take all sources at once: polls each chunk first, then
    /// waits shortly on one of them, another one each time.
    #[cold]
    pub(super) fn wait_in_chunks(&mut self, part: Part, left_ns: u64) -> io::Result<()> {
        let limit = self.wait.quirks.limit.slots();
        let before = self.ready.len();
        let count = self.wait.array.chunks(part, limit).count();
        let which = self.wait.next_chunk % count;
        let shortest_ns = self.wait.quirks.shortest_ns();
        let zero_ns = self.wait.quirks.zero_timeout_ns(count);
        if zero_ns > shortest_ns {
            self.wait.next_chunk = which + 1;
        }
        for (place, chunk) in self.wait.array.chunks(part, limit).enumerate() {
            let call = Call {
                slots: chunk.len(),
                is_poll: true,
                timeout_ns: if place == which { zero_ns } else { shortest_ns },
            };
            self.call_chunk(chunk, call)?;
        }
        if self.ready.len() > before || left_ns == 0 {
            return Ok(());
        }
        self.wait.next_chunk = which + 1;
        let slice_ns = CHUNK_WAIT_NS << self.round.min(3);
        let Some(chunk) = self.wait.array.chunks(part, limit).nth(which) else {
            return Ok(());
        };
        let call = Call {
            slots: chunk.len(),
            is_poll: false,
            timeout_ns: self.timeout_ns(chunk.len(), left_ns.min(slice_ns)),
        };
        self.call_chunk(chunk, call)
    }

    /// What to do when a call about a chunk failed.
    #[cold]
    pub(super) fn recover_chunk(&mut self, errno: Errno, chunk: Range<usize>) -> io::Result<()> {
        let slots = chunk.len();
        match errno {
            Errno::INTR => Ok(()),
            Errno::INVAL | Errno::NOMEM if slots > 1 && slots <= MANY => {
                let result = self.isolate(Errno::INVAL, chunk);
                if self.is_outdated {
                    return result;
                }
                if result.is_ok() {
                    // The number was not the cause here, and perhaps never was.
                    self.wait.quirks.limit.lift();
                } else {
                    self.wait.quirks.limit.halve(slots);
                }
                Ok(())
            }
            // The next round has smaller chunks.
            Errno::TOO_BIG | Errno::INVAL | Errno::NOMEM if slots > 1 => {
                self.wait.quirks.limit.halve(slots);
                Ok(())
            }
            errno => self.isolate(errno, chunk),
        }
    }

    /// What to do when the call about a whole part failed.
    #[cold]
    pub(super) fn recover(
        &mut self,
        errno: Errno,
        part: Part,
        call: Call,
        left_ns: u64,
    ) -> io::Result<()> {
        let slots = call.slots;
        match errno {
            Errno::INTR => Ok(()),
            // All was tried again.
            Errno::TOO_BIG | Errno::INVAL | Errno::NOMEM
                if slots > self.wait.quirks.limit.slots() =>
            {
                self.wait_in_chunks(part, left_ns)
            }
            Errno::TOO_BIG | Errno::INVAL | Errno::NOMEM if slots > MANY => {
                self.wait.quirks.limit.halve(slots);
                self.wait_in_chunks(part, left_ns)
            }
            Errno::INVAL | Errno::TOO_BIG | Errno::NOMEM if slots > 1 => {
                let result = self.isolate(errno, self.wait.array.places(part));
                if self.is_outdated {
                    return result;
                }
                if result.is_err() {
                    // No source is to blame: it is the number.
                    self.wait.quirks.limit.halve(slots);
                    return self.wait_in_chunks(part, left_ns);
                }
                Ok(())
            }
            errno => self.isolate(errno, self.wait.array.places(part)),
        }
    }

    /// Identifies the sources that made a call fail, and reports each to its owner.
    fn isolate(&mut self, errno: Errno, mut places: Range<usize>) -> io::Result<()> {
        let before = self.ready.len();
        for place in places.clone() {
            let one = self.wait.array.record(place);
            if self.is_armed(&one)
                && let Err(errno) = self.host().fdstat(one.fd())
            {
                self.ready.push(one.failed(errno));
            }
        }
        let mut was_interrupted = false;
        if self.ready.len() == before {
            for place in places.clone() {
                let one = self.wait.array.record(place);
                match self.probe_labels(&[one.userdata], 0) {
                    Ok(_) => {}
                    // These are no source's.
                    Err(Errno::INTR | Errno::NOMEM) => was_interrupted = true,
                    // It is open: wasmtime refuses to wait for room in standard input.
                    Err(Errno::BADF) => self.ready.push(one.failed(Errno::ONE_WAY)),
                    Err(errno) => self.ready.push(one.failed(errno)),
                }
            }
        }
        if self.ready.len() > before || was_interrupted {
            return Ok(());
        }
        self.is_outdated = H::THREADS && places.any(|place| self.was_dropped(place));
        Err(errno.into())
    }

    /// Whether what stands at a place of the array is no longer armed: another thread has deregistered
    /// it, and perhaps closed it.
    fn was_dropped(&self, place: usize) -> bool {
        let one = self.wait.array.record(place);
        one.userdata != CLOCK_USERDATA && !self.is_armed(&one)
    }

    /// Whether a subscription is a source's that is still armed, and not the clock's.
    fn is_armed(&self, one: &Subscription) -> bool {
        let (key, direction) = Key::from_userdata(one.userdata);
        (self.shared.lock().registrations).is_armed(key, direction)
    }
}
