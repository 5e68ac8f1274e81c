//! The wait of the operating system.

use std::io;
use std::num::NonZeroUsize;
use std::time::Duration;

use polling::Poller;

use super::event::{Ready, index_of, names, readiness};
use super::raw;
use crate::RawDescriptor;
use crate::event::Readiness;
use crate::portable::{self, LONGEST_WAIT_NS};

/// The most events asked for at once.
const LARGEST_BUFFER: usize = 1 << 16;

/// Waits for `timeout_ns` at most, for as many events as there is `room` for.
pub(super) fn wait(
    poller: &Poller,
    buffer: &mut polling::Events,
    room: usize,
    timeout_ns: u64,
) -> io::Result<()> {
    // What is not fetched stays with the operating system.
    let capacity = NonZeroUsize::new(room.min(LARGEST_BUFFER)).unwrap_or(NonZeroUsize::MIN);
    if buffer.capacity() != capacity {
        *buffer = polling::Events::with_capacity(capacity);
    }
    buffer.clear();
    let timeout = Duration::from_nanos(timeout_ns.min(LONGEST_WAIT_NS));
    // polling waits on when a signal comes.
    poller.wait(buffer, Some(timeout))?;
    Ok(())
}

/// Waits until there is an event to fetch, and fails with `Interrupted` when a signal is handled.
#[cfg(unix)]
pub(super) fn wait_interruptibly(poller: &Poller, timeout_ns: u64) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let timeout = Duration::from_nanos(timeout_ns.min(LONGEST_WAIT_NS));
    // An error would mean more seconds than a `Timespec` has: no limit.
    let timeout = Timespec::try_from(timeout).ok();
    poll(&mut [PollFd::new(poller, PollFlags::IN)], timeout.as_ref())?;
    Ok(())
}

type Registrations = portable::Registrations<RawDescriptor, ()>;

/// Appends what `buffer` holds to `ready`.
pub(super) fn collect(
    buffer: &polling::Events,
    registrations: &Registrations,
    ready: &mut Vec<Ready>,
) {
    let start = ready.len();
    for event in buffer.iter() {
        // Fetched by us before another thread deregistered the source.
        let Some(key) = registrations.key_at(index_of(event.key)) else {
            continue;
        };
        if let Some(entry) = registrations.get(key)
            && names(event.key, key)
        {
            let mut readiness = readiness(event, false, entry.interest);
            if event.is_err() == Some(true)
                && !event.is_interrupt()
                && raw::is_write_closed(entry.source, entry.interest)
            {
                readiness = readiness.with(Readiness::WRITE_CLOSED);
            }
            ready.push(Ready {
                key,
                readiness,
                event,
            });
        }
    }
    for batch in ready[start..].chunks_mut(raw::MOST_ASKED) {
        note_ends(batch, registrations);
    }
}

/// Notes of which sources the peer has ended.
///
/// Data and the end behind it may be one edge. A caller that waits for the next edge after a short
/// read, as tokio does, would wait forever if the event did not report both.
fn note_ends(batch: &mut [Ready], registrations: &Registrations) {
    let mut sources = [0; raw::MOST_ASKED];
    let mut places = [0; raw::MOST_ASKED];
    let mut len = 0;
    for (place, one) in batch.iter().enumerate() {
        if one.event.readable
            && !one.event.is_interrupt()
            && let Some(entry) = registrations.get(one.key)
        {
            sources[len] = entry.source;
            places[len] = place;
            len += 1;
        }
    }
    if len == 0 {
        return;
    }
    let ended = raw::read_closed(&sources[..len]);
    for (at, place) in places[..len].iter().enumerate() {
        if ended >> at & 1 == 1 {
            let one = &mut batch[*place];
            one.readiness = one.readiness.with(Readiness::READ_CLOSED);
        }
    }
}
