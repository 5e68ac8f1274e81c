//! One `select`: what is due without the host, what the host says, and what of
//! that reaches the caller.

use std::io;
use std::time::Duration;

use super::abi::{Errno, Event, Subscription};
use super::host::Host;
use super::look::{Look, PIECE};
use super::quirks::Quirks;
use super::selector::{Shared, State};
use crate::Events;
use crate::portable::{Config, Order, Part, Policy, Step};

/// The longest that sources which are always ready hold back a poll that reported
/// them already: level-triggered, they would make the caller spin.
const ALWAYS_READY_PAUSE_NS: u64 = 1_000_000;

/// How long a host is left alone that said nothing, and how often that doubles.
const NO_ANSWER_PAUSE_NS: u64 = 1_000_000;
const NO_ANSWER_DOUBLINGS: u32 = 3;

/// What belongs to the thread that waits.
pub(super) struct Wait {
    pub(super) order: Order<Subscription>,
    /// Where the host writes.
    pub(super) answers: Vec<Event>,
    /// What is known to be ready and was not told to the caller at once; from `delivered` on
    /// still to be told.
    pub(super) found: Vec<Event>,
    pub(super) delivered: usize,
    pub(super) look: Look,
    pub(super) policy: Policy,
    pub(super) quirks: Quirks,
    /// Whether the waker's event was the last to be looked for. Timers then go first.
    woke: bool,
    /// The piece whose turn it is, on a host with a limit.
    pub(super) next_piece: usize,
}

impl Wait {
    pub(super) fn new(config: Config) -> Self {
        Self {
            order: Order::new(Subscription::clock()),
            answers: Vec::new(),
            found: Vec::new(),
            delivered: 0,
            look: Look::new(),
            policy: Policy::new(config, PIECE),
            quirks: Quirks::new(),
            woke: false,
            next_piece: 0,
        }
    }
}

/// How long the host may wait.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Budget {
    Zero,
    AtMost(u64),
    Unlimited,
}

impl Budget {
    pub(super) fn min_ns(self, ns: u64) -> Self {
        match self {
            _ if ns == 0 => Self::Zero,
            Self::Zero => Self::Zero,
            Self::AtMost(own) => Self::AtMost(own.min(ns)),
            Self::Unlimited => Self::AtMost(ns),
        }
    }

    /// When it ends, if it begins at `now_ns`.
    const fn end_ns(self, now_ns: u64) -> u64 {
        match self {
            Self::AtMost(ns) => now_ns.saturating_add(ns),
            Self::Zero | Self::Unlimited => u64::MAX,
        }
    }

    /// What is left of it at `now_ns`, where it ends at `end_ns`.
    fn until(self, end_ns: u64, now_ns: u64) -> Self {
        match self {
            Self::AtMost(_) => Self::Unlimited.min_ns(end_ns.saturating_sub(now_ns)),
            Self::Zero | Self::Unlimited => self,
        }
    }
}

/// One call of `select`.
pub(super) struct Turn<'a, H> {
    pub(super) shared: &'a Shared<H>,
    pub(super) wait: &'a mut Wait,
    pub(super) events: &'a mut Events,
    /// When the timeout ends; `None` for never.
    deadline_ns: Option<u64>,
    /// The calls made of the host so far.
    pub(super) round: u32,
    /// How long the host was asked to wait the last time, if nothing but time ended that.
    pub(super) asked_ns: u64,
    /// How long it was then until the timeout or the next timer.
    left_ns: u64,
    /// The events that the caller was told of at once.
    pub(super) told: usize,
    /// Whether a wait ended with no event, not even the clock's.
    pub(super) said_nothing: bool,
}

impl<'a, H: Host> Turn<'a, H> {
    pub(super) fn new(shared: &'a Shared<H>, wait: &'a mut Wait, events: &'a mut Events) -> Self {
        Self {
            shared,
            wait,
            events,
            deadline_ns: None,
            round: 0,
            asked_ns: 0,
            left_ns: u64::MAX,
            told: 0,
            said_nothing: false,
        }
    }

    /// Waits until there is an event or the timeout has passed.
    #[inline(never)]
    pub(super) fn run(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.shared.begin(timeout.is_some())?;
        let result = self.turn(timeout);
        self.shared.end();
        result
    }

    fn turn(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.deadline_ns = match timeout {
            None => None,
            Some(Duration::ZERO) => Some(0),
            Some(timeout) => {
                let timeout_ns = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
                Some(self.now_ns().saturating_add(timeout_ns))
            }
        };
        while let Some(budget) = self.prepare() {
            if self.wait.order.len() == 0 {
                self.sleep(budget)?;
            } else {
                self.ask(budget)?;
            }
            self.round = self.round.saturating_add(1);
            if !self.wait.found.is_empty() {
                self.deliver(&mut self.shared.lock());
            }
            if !self.events.is_empty() {
                break;
            }
            if self.is_expired() {
                self.prepare();
                break;
            }
            self.pause_if_nothing_was_said()?;
        }
        Ok(())
    }

    /// After an answer without events, and without the clock's: some hosts return at once, each
    /// time, for a connection that the peer has reset.
    pub(super) fn pause_if_nothing_was_said(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.said_nothing) {
            return Ok(());
        }
        let pause_ns = NO_ANSWER_PAUSE_NS << self.round.min(NO_ANSWER_DOUBLINGS);
        let Some(left) = self.prepare() else {
            return Ok(());
        };
        self.sleep(left.min_ns(pause_ns))
    }

    pub(super) fn now_ns(&self) -> u64 {
        self.shared.host.now_ns()
    }

    /// Reports what needs no host: what the last poll had no room for, the waker, timers.
    /// Brings the array up to date. Returns how long the host may wait; `None` when there is
    /// enough to report without it.
    fn prepare(&mut self) -> Option<Budget> {
        let shared = self.shared;
        let mut state = shared.lock();
        let state = &mut *state;
        let next_timer_ns = state.timers.next_deadline_ns();
        let waits_for_more = state.waker.is_some() || next_timer_ns.is_some();
        let had_more = if waits_for_more || !self.wait.found.is_empty() {
            self.report_without_host(state)
        } else {
            false
        };
        state.reconcile(&mut self.wait.order);
        for &(key, direction) in state.sources.always_ready() {
            if !had_more {
                self.wait.found.push(Event::ready(key, direction));
            }
        }
        // Sources get their look in, once, beside timers and wakes that never end.
        if had_more || (self.round > 0 && !self.events.is_empty()) {
            return None;
        }
        let paused = std::mem::take(&mut state.reported_always_ready);
        Some(self.budget(state.timers.next_deadline_ns(), paused))
    }

    /// Returns whether the last poll had more that still holds.
    #[inline(never)]
    fn report_without_host(&mut self, state: &mut State) -> bool {
        // It goes first: timers and wakes that never end would keep it waiting for ever.
        let had_more = !self.wait.found.is_empty() && {
            self.deliver(state);
            !self.events.is_empty()
        };
        self.wake_and_fire(state);
        had_more
    }

    /// Reports a wake and timers that are due, as far as there is room: by turns, where there
    /// is little.
    fn wake_and_fire(&mut self, state: &mut State) {
        if self.events.is_full() {
            return;
        }
        let timers_first = self.wait.woke;
        if timers_first {
            self.fire_timers(state);
        }
        self.wait.woke = self.take_wake(state);
        if !timers_first {
            self.fire_timers(state);
        }
    }

    /// Reports a wake, if there is room.
    fn take_wake(&mut self, state: &State) -> bool {
        if let Some(token) = state.waker
            && !self.events.is_full()
            && self.shared.wake.take()
        {
            self.push(token);
            return true;
        }
        false
    }

    /// Reports timers that are due, as far as there is room.
    #[inline(never)]
    fn fire_timers(&mut self, state: &mut State) {
        let Some(pop_due) = state.pop_due else {
            return;
        };
        if self.events.is_full() || state.timers.next_deadline_ns().is_none() {
            return;
        }
        let now_ns = self.now_ns();
        while !self.events.is_full()
            && let Some(token) = pop_due(&mut state.timers, now_ns)
        {
            self.push(token);
        }
    }

    /// How long the host may wait: until the timeout or the next timer, and not at all if there
    /// is something to report.
    fn budget(&mut self, next_timer_ns: Option<u64>, paused: bool) -> Budget {
        if !self.events.is_empty() {
            return Budget::Zero;
        }
        let until = match (self.deadline_ns, next_timer_ns) {
            (Some(deadline), Some(timer)) => Some(deadline.min(timer)),
            (deadline, timer) => deadline.or(timer),
        };
        let budget = match until {
            None => Budget::Unlimited,
            Some(0) => Budget::Zero,
            Some(until) => {
                let left_ns = until.saturating_sub(self.now_ns());
                // It was to wait for all of that time, nothing happened, and there is some left.
                if left_ns > 0 && self.asked_ns >= self.left_ns {
                    self.wait.quirks.ended_early();
                }
                self.left_ns = left_ns;
                Budget::Unlimited.min_ns(left_ns)
            }
        };
        self.asked_ns = 0;
        if self.wait.found.is_empty() {
            budget
        } else if paused {
            budget.min_ns(ALWAYS_READY_PAUSE_NS)
        } else {
            Budget::Zero
        }
    }

    fn is_expired(&self) -> bool {
        (self.deadline_ns).is_some_and(|deadline| deadline == 0 || self.now_ns() >= deadline)
    }

    /// Waits with no descriptor to wait for.
    #[inline(never)]
    fn sleep(&mut self, budget: Budget) -> io::Result<()> {
        if budget == Budget::Zero {
            return Ok(());
        }
        if H::THREADS {
            self.shared.parker.park(match budget {
                Budget::AtMost(ns) => Some(Duration::from_nanos(ns)),
                _ => None,
            });
            return Ok(());
        }
        if self.shared.wake.is_set() && self.shared.lock().waker.is_some() {
            return Ok(());
        }
        let ns = match budget {
            Budget::AtMost(ns) => ns,
            _ => u64::MAX,
        };
        let timeout_ns = self.wait.quirks.timeout_ns(ns);
        let mut clock = Subscription::clock();
        clock.set_timeout_ns(timeout_ns);
        let mut answer = [Event::ZERO];
        match self.shared.host.poll_oneoff(&[clock], &mut answer) {
            Ok(_) => self.asked_ns = timeout_ns,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        Ok(())
    }

    /// Asks the host, on the part of the array that the policy chooses.
    fn ask(&mut self, budget: Budget) -> io::Result<()> {
        if self.wait.policy.applies(self.wait.order.cold()) {
            self.ask_by_policy(budget)
        } else {
            self.ask_part(Part::All, budget).map(drop)
        }
    }

    #[inline(never)]
    fn ask_by_policy(&mut self, budget: Budget) -> io::Result<()> {
        let mut now_ns = self.now_ns();
        let until_ns = budget.end_ns(now_ns);
        loop {
            let left = budget.until(until_ns, now_ns);
            let (hot, cold) = (self.wait.order.hot(), self.wait.order.cold());
            let all_ns = self.wait.quirks.all_cost_ns(hot + cold);
            let found = match self.wait.policy.next(now_ns, hot, cold, all_ns) {
                Step::All => {
                    let found = self.ask_part(Part::All, left)?;
                    let ended_ns = self.now_ns();
                    let cost_ns = self.wait.quirks.report_cost_ns(hot + cold)
                        + self.wait.look.take_spent_ns();
                    self.wait.policy.all_done(now_ns, ended_ns, cost_ns, found);
                    return Ok(());
                }
                Step::Sweep { sources } => {
                    let found = self.look_at_cold(sources)?;
                    let ended_ns = self.now_ns();
                    self.wait.policy.sweep_done(now_ns, ended_ns, found);
                    now_ns = ended_ns;
                    found
                }
                Step::Hot { bound_ns } => {
                    let bounded = left.min_ns(bound_ns);
                    let found = self.ask_part(Part::Hot, bounded)?;
                    if found > 0 && self.wait.policy.hot_found() {
                        return Ok(());
                    }
                    // A poll that does not block, or not for as long, says nothing about a miss.
                    if found == 0 && bounded != Budget::AtMost(bound_ns) {
                        return Ok(());
                    }
                    now_ns = self.now_ns();
                    self.wait.policy.hot_done(now_ns, found);
                    found
                }
            };
            if found > 0 {
                return Ok(());
            }
            if self.wait.policy.take_cool_all() {
                let mut state = self.shared.lock();
                self.wait.order.cool_all(&mut state.sources);
                state.hot = 0;
            }
        }
    }
}
