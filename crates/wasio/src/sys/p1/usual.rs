//! The usual turn: no timeout, no timer, nothing left over from the last one, and a host that is
//! known to return as soon as a source is ready. It is a straight path, as beside few connections
//! all that it touches has left the processor's cache since the last one; everything else is
//! the long way's ([`Turn::run`]).

use std::io;

use super::deliver::hear;
use super::host::Host;
use super::look::{Answer, SOME};
use super::quirks::LONGEST_WAIT_NS;
use super::selector::Shared;
use super::wait::{Budget, Turn, Wait};
use crate::Events;
use crate::portable::Part;

/// Waits without a timeout, where there are no other threads, which might wake it.
pub(super) fn select<H: Host>(
    shared: &Shared<H>,
    wait: &mut Wait,
    events: &mut Events,
) -> io::Result<()> {
    let Some(asked) = prepare(shared, wait) else {
        return Turn::new(shared, wait, events).run(None);
    };
    let endless = wait.quirks.prompt;
    let host = &shared.host;
    let answers = &mut wait.answers;
    let written = if endless {
        wait.order
            .without_clock(|subscriptions| host.poll_oneoff(subscriptions, answers))
    } else {
        wait.order.clock_mut().set_timeout_ns(LONGEST_WAIT_NS);
        host.poll_oneoff(wait.order.all(), answers)
    };
    let written = match written {
        Ok(written) => written,
        Err(errno) => {
            let mut turn = Turn::new(shared, wait, events);
            turn.recover(errno, Part::All, asked, Budget::Unlimited)?;
            return turn.finish();
        }
    };
    let doubts = wait.quirks.doubts(asked);
    let mut state = shared.lock();
    let heard = hear(&mut state, events, wait.records(written), doubts);
    drop(state);
    let is_usual = heard.heard == written && !events.is_empty();
    if is_usual && (heard.doubtful == 0 || wait.skips_look(asked, &heard)) {
        return Ok(());
    }
    let mut turn = Turn::new(shared, wait, events);
    turn.learn(&Answer {
        heard,
        written,
        asked,
        budget: Budget::Unlimited,
        timeout_ns: LONGEST_WAIT_NS,
        elapsed_ns: u64::MAX,
    });
    turn.finish()
}

/// Brings the array up to date and returns how many slots are to be waited for; `None` if
/// there is anything to do that is not usual.
#[inline]
fn prepare<H: Host>(shared: &Shared<H>, wait: &mut Wait) -> Option<usize> {
    let mut state = shared.lock();
    if state.timers.len() > 0 || !wait.found.is_empty() || shared.wake.is_set() {
        return None;
    }
    state.reconcile(&mut wait.order);
    let asked = wait.order.len();
    let usual = asked.wrapping_sub(1) < wait.quirks.usual_limit()
        && asked < wait.answers.len()
        && (asked <= SOME || wait.quirks.cries_wolf != Some(true))
        && !state.sources.has_always_ready()
        && !wait.policy.applies(wait.order.cold());
    if !usual {
        return None;
    }
    state.reported_always_ready = false;
    Some(asked)
}

impl<H: Host> Turn<'_, H> {
    /// Ends a turn that was begun as a usual one.
    #[cold]
    #[inline(never)]
    fn finish(&mut self) -> io::Result<()> {
        self.round = 1;
        self.deliver(&mut self.shared.lock());
        if !self.events.is_empty() {
            return Ok(());
        }
        self.pause_if_nothing_was_said()?;
        self.run(None)
    }
}
