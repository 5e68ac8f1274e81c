//! Timers as sources.

use std::io;
use std::time::{Duration, Instant};

use crate::errors::{already_registered, not_registered};
use crate::portable::{Expiry, Key, saturating_ns};
use crate::registration::check_same;
use crate::sys;
use crate::{Interest, Registry, Token, event};

/// A timer. It is readable once it has expired.
///
/// A timer runs from the moment it is set, registered or not. If it has expired before it is
/// registered, the next poll reports it. It never expires early on the monotonic clock.
///
/// Each expiration is one readable event, which reregistering the timer does not repeat. A periodic
/// timer keeps its phase: if the program polls late, all periods that it missed are one event, and
/// [`expirations`](Self::expirations) returns their number.
///
/// All timers of a poll share one clock of the host. Setting, moving and cancelling a timer costs
/// O(log n), and no host call except reading the clock.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::time::{Duration, Instant};
/// use wasio::{time::Timer, Events, Interest, Poll, Token};
///
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// let mut tick = Timer::periodic(Duration::from_millis(2));
/// let mut never = Timer::oneshot(Duration::from_secs(3600));
/// poll.registry().register(&mut tick, Token(0), Interest::READABLE)?;
/// poll.registry().register(&mut never, Token(1), Interest::READABLE)?;
///
/// let mut ticks = 0;
/// while ticks < 3 {
///     poll.poll(&mut events, None)?;
///     ticks += tick.expirations();
/// }
/// tick.cancel();
/// never.set(Duration::from_millis(1));
/// poll.poll(&mut events, None)?;
/// assert_eq!(events.iter().next().unwrap().token(), Token(1));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Timer {
    /// The schedule, if the timer is set but not registered yet.
    pending: Option<Schedule>,
    period: Duration,
    registration: Option<TimerRegistration>,
}

#[derive(Clone, Copy, Debug)]
struct Schedule {
    since: Instant,
    after: Duration,
}

#[derive(Debug)]
struct TimerRegistration {
    selector: sys::Selector,
    key: Key,
}

impl Drop for TimerRegistration {
    fn drop(&mut self) {
        self.selector.drop_timer(self.key);
    }
}

impl Timer {
    /// Creates a timer that is not set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a timer that expires once, `after` from now.
    #[must_use]
    pub fn oneshot(after: Duration) -> Self {
        let mut timer = Self::new();
        timer.set(after);
        timer
    }

    /// Creates a timer that expires every `period`, for the first time one `period` from now. A
    /// period of zero counts as one nanosecond.
    #[must_use]
    pub fn periodic(period: Duration) -> Self {
        let mut timer = Self::new();
        timer.set_periodic(period, period);
        timer
    }

    /// Sets the timer to expire once, `after` from now. An earlier schedule is replaced.
    ///
    /// Expirations that [`expirations`](Self::expirations) has not returned yet are discarded. An
    /// event that a poll has already returned remains in its `Events`.
    pub fn set(&mut self, after: Duration) {
        self.schedule(after, Duration::ZERO);
    }

    /// Sets the timer to expire once, at `deadline`, or at once if that has passed.
    pub fn set_at(&mut self, deadline: Instant) {
        self.set(deadline.saturating_duration_since(Instant::now()));
    }

    /// Sets the timer to expire `first` from now, and then every `period`. A period of zero counts
    /// as one nanosecond.
    pub fn set_periodic(&mut self, first: Duration, period: Duration) {
        self.schedule(first, period.max(Duration::from_nanos(1)));
    }

    /// Moves the next expiration to `after` from now. A periodic timer remains periodic.
    pub fn reset(&mut self, after: Duration) {
        self.schedule(after, self.period);
    }

    /// Stops the timer. It remains registered and can be set again.
    pub fn cancel(&mut self) {
        self.pending = None;
        self.period = Duration::ZERO;
        if let Some(registration) = &self.registration {
            let _ = registration.selector.set_timer(registration.key, None);
        }
    }

    /// Returns the number of expirations that polls have reported since the last call of this
    /// method, or since the timer was set.
    pub fn expirations(&mut self) -> u64 {
        self.registration.as_ref().map_or(0, |registration| {
            let selector = &registration.selector;
            selector.take_expirations(registration.key).unwrap_or(0)
        })
    }

    fn schedule(&mut self, after: Duration, period: Duration) {
        self.period = period;
        let schedule = Schedule {
            since: Instant::now(),
            after,
        };
        match &self.registration {
            Some(registration) => {
                let selector = &registration.selector;
                let expiry = expiry(selector, schedule, period);
                let _ = selector.set_timer(registration.key, Some(expiry));
            }
            None => self.pending = Some(schedule),
        }
    }
}

/// Converts a schedule to the selector's clock. That clock is read after `Instant`, so the result
/// is late rather than early.
fn expiry(selector: &sys::Selector, schedule: Schedule, period: Duration) -> Expiry {
    let elapsed = schedule.since.elapsed();
    let now_ns = selector.now_ns();
    let deadline_ns = match schedule.after.checked_sub(elapsed) {
        Some(left) => now_ns.saturating_add(saturating_ns(left)),
        None => now_ns.saturating_sub(saturating_ns(elapsed - schedule.after)),
    };
    Expiry {
        deadline_ns,
        period_ns: saturating_ns(period),
    }
}

impl event::Source for Timer {
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        interests.check_readable("a timer")?;
        if self.registration.is_some() {
            return Err(already_registered());
        }
        let selector = registry.selector().inner().clone();
        let pending = self
            .pending
            .map(|schedule| expiry(&selector, schedule, self.period));
        let key = selector.register_timer(token, pending)?;
        self.pending = None;
        self.registration = Some(TimerRegistration { selector, key });
        Ok(())
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        interests.check_readable("a timer")?;
        let registration = self.registration.as_ref().ok_or_else(not_registered)?;
        check_same(&registration.selector, registry)?;
        registration
            .selector
            .reregister_timer(registration.key, token)
    }

    /// Removes the timer from `registry`, and stops it.
    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        let registration = self.registration.as_ref().ok_or_else(not_registered)?;
        check_same(&registration.selector, registry).map_err(|_| not_registered())?;
        self.registration = None;
        self.period = Duration::ZERO;
        Ok(())
    }
}
