//! A wait: the host is blocked on until an operation has ended, unless something is ready.

use std::io;

use super::backend::P3;
use super::clock::Clock;
use super::descriptors::Fds;
use super::event::{Answer, Ready};
use super::operations;
use super::signals::{self, Taken};
use crate::Mode;
use crate::portable::{State, Until, WaitCall};

/// What belongs to the thread that waits.
pub(crate) struct Wait {
    clock: Clock,
    /// What waits for descriptors, once there was one.
    fds: Option<Box<dyn Fds>>,
}

impl Wait {
    pub(super) fn new() -> Self {
        Self {
            clock: Clock::new(),
            fds: None,
        }
    }

    pub(super) fn update(&mut self, state: &State<P3>) {
        if let Some(new) = state.locked.new_fds {
            self.fds.get_or_insert_with(new).gather(state);
        }
    }
}

/// Waits until `call.until`, or returns earlier.
pub(super) fn wait(call: WaitCall<'_, P3>) -> io::Result<()> {
    let selector = call.shared.backend.id;
    let mut until = call.until.min(sweep_lingering());
    operations::start_deferred();
    if signals::has_ready(selector) {
        until = Until::Now;
    }
    let Wait { clock, fds } = &mut **call.host;
    let result = match fds {
        Some(fds) if fds.has_any() => fds.wait(clock, until, call.round, call.ready),
        _ => clock.block(until),
    };
    let state = call.shared.lock();
    signals::take_ready(selector, call.room, |key, ready| {
        let Some(one) = state.registrations.get(key) else {
            return Taken::Goes;
        };
        let ready = ready.and(one.armed);
        if ready.is_empty() {
            return Taken::Goes;
        }
        let answer = Answer::Ended(ready);
        call.ready.push(Ready { key, answer });
        match one.mode {
            Mode::Level => Taken::Stays,
            Mode::Edge | Mode::Oneshot => Taken::Goes,
        }
    });
    result
}

/// Drops the lingering streams that have sent everything. Returns when to do it again.
fn sweep_lingering() -> Until {
    #[cfg(all(wasio_waitables, feature = "net"))]
    {
        crate::sys::net::linger::sweep().map_or(Until::Never, Until::At)
    }
    #[cfg(not(all(wasio_waitables, feature = "net")))]
    Until::Never
}
