//! One `select`: what is due without the host, what the host says, and what of
//! that reaches the caller.

use std::io;
use std::time::Duration;

use super::abi::{Errno, Event, Subscription};
use super::host::Host;
use super::look::Look;
use super::quirks::Quirks;
use super::record;
use super::selector::{Shared, State};
use crate::event::Readiness;
use crate::portable::{Config, Direction, Key, Order, Part, Policy, Step};
use crate::{Events, Mode, Token};

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
    delivered: usize,
    pub(super) look: Look,
    policy: Policy,
    pub(super) quirks: Quirks,
    /// Whether the last poll reported a level-triggered source that is always ready.
    reported_always_ready: bool,
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
            policy: Policy::new(config),
            quirks: Quirks::new(),
            reported_always_ready: false,
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
}

/// One call of `select`.
pub(super) struct Turn<'a, H> {
    pub(super) shared: &'a Shared<H>,
    pub(super) wait: &'a mut Wait,
    events: &'a mut Events,
    timeout: Option<Duration>,
    /// When the timeout ends; `None` for never. Set when the clock is first read.
    deadline_ns: Option<u64>,
    /// The calls made of the host so far.
    pub(super) round: u32,
    /// How long the host was asked to wait the last time, if nothing but time ended that.
    pub(super) asked_ns: u64,
    /// How long it was then until the timeout or the next timer.
    left_ns: u64,
    /// The events that the caller was told of at once.
    told: usize,
    /// Whether a wait ended with no event, not even the clock's.
    pub(super) said_nothing: bool,
}

impl<'a, H: Host> Turn<'a, H> {
    pub(super) fn new(
        shared: &'a Shared<H>,
        wait: &'a mut Wait,
        events: &'a mut Events,
        timeout: Option<Duration>,
    ) -> Self {
        Self {
            shared,
            wait,
            events,
            timeout,
            deadline_ns: None,
            round: 0,
            asked_ns: 0,
            left_ns: u64::MAX,
            told: 0,
            said_nothing: false,
        }
    }

    /// Waits until there is an event or the timeout has passed.
    pub(super) fn run(mut self) -> io::Result<()> {
        self.deadline_ns = match self.timeout {
            None => None,
            Some(Duration::ZERO) => Some(0),
            Some(timeout) => {
                let timeout_ns = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
                Some(self.now_ns().saturating_add(timeout_ns))
            }
        };
        while let Some(budget) = self.prepare() {
            self.wait.reported_always_ready = false;
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
            if std::mem::take(&mut self.said_nothing) {
                self.pause()?;
            }
        }
        Ok(())
    }

    /// After an answer without events, and without the clock's: some hosts return at once, each
    /// time, for a connection that the peer has reset.
    #[cold]
    fn pause(&mut self) -> io::Result<()> {
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
        let order = &mut self.wait.order;
        state.sources.reconcile(order, Subscription::descriptor);
        state.hot = u32::try_from(order.hot()).unwrap_or(u32::MAX);
        for &(key, direction) in state.sources.always_ready() {
            if !had_more {
                self.wait.found.push(Event::ready(key, direction));
            }
        }
        // Sources get their look in, once, beside timers and wakes that never end.
        if had_more || (self.round > 0 && !self.events.is_empty()) {
            return None;
        }
        if self.deadline_ns.is_none() && !waits_for_more && self.wait.found.is_empty() {
            return Some(Budget::Unlimited);
        }
        Some(self.budget(state.timers.next_deadline_ns()))
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

    fn push(&mut self, token: Token) {
        // There is room: the callers have just looked.
        let _ = self
            .events
            .push(Key::NONE, token, Readiness::READABLE, record(Event::ZERO));
    }

    /// How long the host may wait: until the timeout or the next timer, and not at all if there
    /// is something to report.
    #[inline(never)]
    fn budget(&mut self, next_timer_ns: Option<u64>) -> Budget {
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
        } else if self.wait.reported_always_ready {
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
    fn ask_by_policy(&mut self, mut budget: Budget) -> io::Result<()> {
        loop {
            let now_ns = self.now_ns();
            let (hot, cold) = (self.wait.order.hot(), self.wait.order.cold());
            match self.wait.policy.next(now_ns, hot, cold) {
                Step::All => {
                    let found = self.ask_part(Part::All, budget)?;
                    let ended_ns = self.now_ns();
                    let asked = self.wait.order.len();
                    let cost_ns =
                        self.wait.quirks.report_cost_ns(asked) + self.wait.look.take_spent_ns();
                    self.wait.policy.all_done(now_ns, ended_ns, cost_ns, found);
                    return Ok(());
                }
                Step::Sweep => {
                    let found = self.ask_part(Part::Cold, Budget::Zero)?;
                    let ended_ns = self.now_ns();
                    self.wait.policy.sweep_done(now_ns, ended_ns, found);
                    if found > 0 {
                        return Ok(());
                    }
                }
                Step::Hot { bound_ns } => {
                    let bounded = budget.min_ns(bound_ns);
                    let found = self.ask_part(Part::Hot, bounded)?;
                    // A poll that does not block, or not for as long, says nothing about a miss.
                    if found == 0 && bounded != Budget::AtMost(bound_ns) {
                        return Ok(());
                    }
                    let ended_ns = self.now_ns();
                    self.wait.policy.hot_done(ended_ns, found);
                    if found > 0 {
                        return Ok(());
                    }
                    budget = self.after_miss(budget, ended_ns.saturating_sub(now_ns));
                }
            }
        }
    }

    fn after_miss(&mut self, budget: Budget, waited_ns: u64) -> Budget {
        if self.wait.policy.take_cool_all() {
            let mut state = self.shared.lock();
            self.wait.order.cool_all(&mut state.sources);
            state.hot = 0;
        }
        match budget {
            Budget::AtMost(ns) => Budget::Unlimited.min_ns(ns.saturating_sub(waited_ns)),
            other => other,
        }
    }

    /// The events that the host has reported so far in this turn, and that are believed.
    pub(super) fn heard(&self) -> usize {
        self.told + self.wait.found.len()
    }

    /// Tells the caller of an event at once, or when there is room.
    pub(super) fn hear(&mut self, state: &mut State, event: &Event) {
        if self.deliver_one(state, event).is_some() || !self.events.is_full() {
            self.told += 1;
        } else {
            self.wait.found.push(*event);
        }
    }

    /// Tells the caller what was found, as far as there is room.
    #[inline(never)]
    fn deliver(&mut self, state: &mut State) {
        while let Some(event) = self.wait.found.get(self.wait.delivered) {
            let event = *event;
            if self.deliver_one(state, &event).is_none() && self.events.is_full() {
                return;
            }
            self.wait.delivered += 1;
        }
        self.wait.found.clear();
        self.wait.delivered = 0;
    }

    #[inline]
    /// `None` when it has not become part of the caller's events: there was no room, or it is
    /// stale, or was disarmed since, as another thread was quicker.
    fn deliver_one(&mut self, state: &mut State, event: &Event) -> Option<()> {
        let hot = state.hot;
        let (key, direction) = event.target()?;
        let mut armed = state.sources.armed(key, direction)?;
        let is_error = event.error != Errno::SUCCESS;
        let failed = is_error && !event.error.is_refusal();
        let readiness = readiness(event, direction, failed);
        let hint = *armed.hint_mut();
        let record = record(*event);
        *armed.hint_mut() = (self.events).merge(hint, key, armed.token(), readiness, record)?;
        // A file never blocks and so is read to its end; of what was refused nobody knows.
        if armed.always_ready() {
            self.wait.reported_always_ready |= armed.refused() || armed.mode() == Mode::Level;
        }
        if is_error {
            let mode = armed.mode();
            after_error(state, key, direction, event.error, mode);
            return Some(());
        }
        match armed.mode() {
            Mode::Level => armed.touch(hot),
            Mode::Edge => armed.disarm(),
            Mode::Oneshot => state.sources.disarm_both(key),
        }
        Some(())
    }
}

/// Disarms what an error silences.
#[cold]
fn after_error(state: &mut State, key: Key, direction: Direction, error: Errno, mode: Mode) {
    let refused = error.is_refusal();
    if refused {
        state.sources.set_refused(key);
    }
    match mode {
        // A closed descriptor would fail each call from now on, for all others too.
        _ if error == Errno::BADF => state.sources.disarm_both(key),
        Mode::Level => {}
        Mode::Edge if refused => state.sources.disarm(key, direction),
        Mode::Edge | Mode::Oneshot => state.sources.disarm_both(key),
    }
}

/// What a host's record says about a source.
fn readiness(event: &Event, direction: Direction, failed: bool) -> Readiness {
    if failed {
        return Readiness::FAILED;
    }
    let (ready, closed) = match direction {
        Direction::Read => (Readiness::READABLE, Readiness::READ_CLOSED),
        Direction::Write => (Readiness::WRITABLE, Readiness::WRITE_CLOSED),
    };
    if event.is_hangup() {
        ready.with(closed)
    } else {
        ready
    }
}
