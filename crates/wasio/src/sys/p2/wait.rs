//! One `select`: what is due without the host, what the host says, and what of that reaches
//! the caller.

use std::ops::Range;
use std::time::Duration;

use super::clock::{self, Clock};
use super::cost::{self, LOOKS_AT_ONCE};
use super::descriptors::{Descriptors, Ways};
use super::raw;
use super::selector::{self, Shared, State};
use super::target::{Handle, Record, Target};
use crate::event::Readiness;
use crate::portable::{Config, Direction, Key, Loan, Order, Part, Policy, Step, push};
use crate::{Events, Mode, Token};

/// What belongs to whoever waits.
pub(super) struct Wait {
    pub(super) order: Order<Handle>,
    pub(super) clock: Clock,
    /// Where the host puts its answer: with room for as many places as it was ever asked about.
    ready: Vec<u32>,
    /// What is known to be ready; from `delivered` on still to be told to the caller.
    pub(super) found: Vec<Found>,
    delivered: usize,
    policy: Policy,
    pub(super) descriptors: Descriptors,
}

/// One direction of a source that is ready.
#[derive(Copy, Clone, Debug)]
pub(super) struct Found {
    pub(super) key: Key,
    pub(super) direction: Direction,
    pub(super) readiness: Readiness,
    pub(super) record: Record,
}

impl Wait {
    pub(super) fn new(config: Config) -> Self {
        Self {
            // Replaced before each call of the host.
            order: Order::new(0),
            clock: Clock::default(),
            ready: Vec::new(),
            found: Vec::new(),
            delivered: 0,
            policy: Policy::new(config, LOOKS_AT_ONCE),
            descriptors: Descriptors::default(),
        }
    }

    pub(super) const fn config(&self) -> Config {
        self.policy.config()
    }

    /// Brings the array up to date with the registrations.
    pub(super) fn reconcile(&mut self, state: &mut State) {
        state.sources.reconcile(&mut self.order, handle);
        state.hot = u32::try_from(self.order.hot()).unwrap_or(u32::MAX);
    }
}

/// What the host is handed for a direction.
pub(super) fn handle(target: Target, _: Key, direction: Direction) -> Handle {
    let handle = target.handle(direction);
    // What the source does not have never becomes ready.
    handle.unwrap_or_else(clock::never)
}

/// How long the host may wait.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Budget {
    Zero,
    /// Until this time on the monotonic clock, and no less.
    Until(u64),
    /// About so long: the bound of a wait on hot sources.
    Within(u64),
    Unlimited,
}

impl Budget {
    /// The earlier of this and a time.
    pub(super) fn until(self, at_ns: u64) -> Self {
        match self {
            Self::Unlimited => Self::Until(at_ns),
            Self::Until(own_ns) => Self::Until(own_ns.min(at_ns)),
            Self::Zero | Self::Within(_) => self,
        }
    }

    /// The earlier of this and `bound_ns` from now.
    fn within(self, now_ns: u64, bound_ns: u64) -> Self {
        match self {
            Self::Until(at_ns) if at_ns > now_ns.saturating_add(bound_ns) => Self::Within(bound_ns),
            Self::Unlimited => Self::Within(bound_ns),
            _ => self,
        }
    }
}

/// One call of `select`.
pub(super) struct Turn<'a> {
    pub(super) shared: &'a Shared,
    pub(super) wait: &'a mut Wait,
    events: &'a mut Events,
    /// When the timeout ends; `None` for never, 0 for at once.
    deadline_ns: Option<u64>,
    /// The waits made so far.
    pub(super) round: u32,
    /// What is done for descriptors, where there may be some.
    ways: Option<&'static Ways>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(
        shared: &'a Shared,
        wait: &'a mut Wait,
        events: &'a mut Events,
        timeout: Option<Duration>,
    ) -> Self {
        let deadline_ns = timeout.map(|timeout| {
            if timeout.is_zero() {
                return 0;
            }
            let timeout_ns = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
            selector::now_ns().saturating_add(timeout_ns)
        });
        Self {
            shared,
            wait,
            events,
            deadline_ns,
            round: 0,
            ways: None,
        }
    }

    /// Waits until there is an event or the timeout has passed.
    pub(super) fn run(mut self) {
        loop {
            let had_more = self.collect();
            // Sources get their look in, once, beside timers and wakes that never end. What the last
            // poll had no room for may be gone since.
            if !self.events.is_empty() && (had_more || self.round > 0) {
                return;
            }
            let budget = self.budget();
            match self.ways {
                Some(ways) if !self.wait.descriptors.none_outside() => {
                    (ways.ask_both)(&mut self, budget);
                }
                _ => self.ask(budget),
            }
            self.round = self.round.saturating_add(1);
            self.deliver();
            if !self.events.is_empty() {
                return;
            }
            if self.is_expired() {
                self.collect();
                return;
            }
        }
    }

    /// Reports what needs no host: the waker, timers, what the last poll had no room
    /// for. Brings the array up to date. Returns whether the last poll had more.
    fn collect(&mut self) -> bool {
        #[cfg(feature = "net")]
        super::net::linger::look();
        let shared = self.shared;
        let mut state = shared.lock();
        if let Some(own) = state.own {
            (own.report)(self, &mut state);
        }
        let had_more = self.wait.delivered < self.wait.found.len();
        if had_more {
            self.deliver_to(&mut state);
        }
        self.ways = state.ways;
        let are_alone = self.ways.is_some_and(|ways| (ways.place)(&mut state));
        self.wait.reconcile(&mut state);
        if let Some(ways) = self.ways {
            (ways.gather)(&mut self.wait.descriptors, are_alone, &mut state.sources);
        }
        had_more
    }

    /// How long this call may wait: until the timeout or the next timer, and not at
    /// all if there is something to report.
    fn budget(&self) -> Budget {
        if !self.events.is_empty() || self.deadline_ns == Some(0) {
            return Budget::Zero;
        }
        let budget = self.deadline_ns.map_or(Budget::Unlimited, Budget::Until);
        let state = self.shared.lock();
        match state.own {
            Some(own) => (own.budget)(self, &state, budget),
            None => budget,
        }
    }

    fn is_expired(&self) -> bool {
        match self.deadline_ns {
            None => false,
            Some(0) => true,
            Some(deadline_ns) => selector::now_ns() >= deadline_ns,
        }
    }

    /// Asks the host, on the part of the array that the policy chooses.
    pub(super) fn ask(&mut self, budget: Budget) {
        if !self.wait.policy.applies(self.wait.order.cold()) {
            self.ask_part(Part::All, budget);
            return;
        }
        loop {
            let now_ns = selector::now_ns();
            let (hot, cold) = (self.wait.order.hot(), self.wait.order.cold());
            let all_ns = cost::answer_ns(&self.wait.policy, hot + cold);
            match self.wait.policy.next(now_ns, hot, cold, all_ns) {
                Step::All => {
                    let found = self.ask_part(Part::All, budget);
                    let ended_ns = selector::now_ns();
                    self.wait.policy.all_done(now_ns, ended_ns, all_ns, found);
                    return;
                }
                Step::Sweep { sources } => {
                    if self.sweep(now_ns, sources) > 0 {
                        return;
                    }
                }
                Step::Hot { bound_ns } => {
                    let bounded = budget.within(now_ns, bound_ns);
                    let found = self.ask_part(Part::Hot, bounded);
                    if found > 0 && self.wait.policy.hot_found() {
                        return;
                    }
                    // A poll that does not block, or not for as long, says nothing about a miss.
                    if found == 0 && !matches!(bounded, Budget::Within(_)) {
                        return;
                    }
                    self.wait.policy.hot_done(selector::now_ns(), found);
                    if found > 0 {
                        return;
                    }
                    self.after_miss();
                }
            }
        }
    }

    /// Looks at the next so many cold sources, and returns how many directions were found ready.
    fn sweep(&mut self, now_ns: u64, sources: usize) -> usize {
        let before = self.wait.found.len();
        let mut left = sources;
        while left > 0 {
            let piece = self.wait.order.next_cold(left.min(LOOKS_AT_ONCE));
            left = left.saturating_sub(piece.len().max(1));
            match self.ways {
                Some(ways) if self.wait.descriptors.are_alone() => {
                    (ways.ask_alone)(self, piece, Budget::Zero);
                }
                _ => self.look_at(piece),
            }
        }
        let found = self.wait.found.len() - before;
        let ended_ns = selector::now_ns();
        self.wait.policy.sweep_done(now_ns, ended_ns, found);
        found
    }

    fn after_miss(&mut self) {
        if self.wait.policy.take_cool_all() {
            let mut state = self.shared.lock();
            self.wait.order.cool_all(&mut state.sources);
            state.hot = 0;
        }
    }

    /// Waits on a part of the array and returns how many directions were found ready.
    fn ask_part(&mut self, part: Part, budget: Budget) -> usize {
        if let Some(ways) = self.ways
            && self.wait.descriptors.are_alone()
        {
            let places = self.wait.order.places(part);
            return (ways.ask_alone)(self, places, budget);
        }
        let before = self.wait.found.len();
        let sources = self.wait.order.places(part).len() - 1;
        let is_look = budget == Budget::Zero;
        // A wait that ends at once sees no more than a look does: what comes late in the host's
        // order would never be seen beside what is always ready.
        if is_look || sources > LOOKS_AT_ONCE {
            for piece in self.wait.order.pieces(part, LOOKS_AT_ONCE) {
                self.look_at(piece);
            }
        }
        if !is_look && self.wait.found.len() == before {
            self.wait_for(part, budget);
        }
        self.wait.found.len() - before
    }

    /// Notes what is ready in a piece of the array, without waiting.
    #[inline(never)]
    fn look_at(&mut self, piece: Range<usize>) {
        self.wait.order.set_clock(self.wait.clock.at_once());
        let loan = self.wait.order.loan_of_piece(piece);
        self.ask_host(&loan);
    }

    /// Notes what is ready in a part of the array, as soon as anything is.
    fn wait_for(&mut self, part: Part, budget: Budget) {
        let wait = &mut *self.wait;
        // The host makes a timer of a clock for each wait, even of one that is never due.
        let goes_without = part == Part::All && budget == Budget::Unlimited;
        let loan = if goes_without && wait.order.len() > 0 {
            wait.order.loan_without_clock()
        } else {
            let clock = wait.clock.handle(budget, selector::now_ns);
            wait.order.set_clock(clock);
            wait.order.loan_of(part)
        };
        self.ask_host(&loan);
    }

    /// Asks about what is lent, and takes up the answer.
    #[inline(never)]
    fn ask_host(&mut self, loan: &Loan) {
        let wait = &mut *self.wait;
        let ready = &mut wait.ready;
        let found = wait.order.lend(loan, |handles| {
            while ready.len() < handles.len() {
                push(ready, 0);
            }
            raw::poll(handles, ready)
        });
        let state = self.shared.lock();
        for &index in ready.iter().take(found) {
            // The clock is nobody's; nor is a place that the host made up.
            let slot = wait.order.owner(loan, index as usize);
            if let Some((target, key, direction)) =
                slot.and_then(|slot| state.sources.subscription(slot))
            {
                wait.found.push(Found {
                    key,
                    direction,
                    readiness: readiness(direction),
                    record: Record::Pollable(target.handle(direction).unwrap_or(0)),
                });
            }
        }
    }

    fn deliver(&mut self) {
        let shared = self.shared;
        self.deliver_to(&mut shared.lock());
    }

    /// Tells the caller what was found, as far as there is room.
    fn deliver_to(&mut self, state: &mut State) {
        while let Some(&found) = self.wait.found.get(self.wait.delivered) {
            if !self.deliver_one(state, found) {
                return;
            }
            self.wait.delivered += 1;
        }
        self.wait.found.clear();
        self.wait.delivered = 0;
    }

    /// Returns `false` when there was no room.
    fn deliver_one(&mut self, state: &mut State, found: Found) -> bool {
        let hot = state.hot;
        // Stale, or disarmed since.
        let Some(mut armed) = state.sources.armed(found.key, found.direction) else {
            return true;
        };
        let (hint, token) = (armed.hint(), armed.token());
        let merged = (self.events).merge(hint, found.key, token, found.readiness, found.record);
        let Some(hint) = merged else {
            return false;
        };
        armed.set_hint(hint);
        match armed.mode() {
            Mode::Level if !found.readiness.contains(Readiness::ERROR) => armed.touch(hot),
            Mode::Edge => armed.disarm(),
            // An error that the host goes on reporting would make the caller spin.
            Mode::Level | Mode::Oneshot => state.sources.disarm_both(found.key),
        }
        true
    }
}

/// What is done for a waker and for timers. A selector gets it with the first of them: a program
/// without any is linked without this code.
pub(super) struct Own {
    /// [`Turn::report_own`]
    report: fn(&mut Turn<'_>, &mut State),
    /// [`Turn::budget_of_own`]
    budget: fn(&Turn<'_>, &State, Budget) -> Budget,
}

pub(super) static OWN: Own = Own {
    report: |turn, state| turn.report_own(state),
    budget: |turn, state, budget| turn.budget_of_own(state, budget),
};

impl Turn<'_> {
    /// Reports the waker, and the timers that are due.
    fn report_own(&mut self, state: &mut State) {
        if let Some(token) = state.waker
            && !self.events.is_full()
            && self.shared.wake.take()
        {
            self.push(token);
        }
        if state.timers.next_deadline_ns().is_some()
            && let Some(pop_due) = state.pop_due
        {
            let now_ns = selector::now_ns();
            while !self.events.is_full()
                && let Some(token) = pop_due(&mut state.timers, now_ns)
            {
                self.push(token);
            }
        }
    }

    fn push(&mut self, token: Token) {
        // There is room: the callers have just looked.
        let _ = self
            .events
            .push(Key::NONE, token, Readiness::READABLE, Record::Own);
    }

    /// How long the call may wait for them: not at all once the waker was used.
    fn budget_of_own(&self, state: &State, budget: Budget) -> Budget {
        if self.shared.wake.is_set() && state.waker.is_some() {
            return Budget::Zero;
        }
        match state.timers.next_deadline_ns() {
            Some(timer_ns) => budget.until(timer_ns),
            None => budget,
        }
    }
}

/// What a pollable says: ready, and no more.
pub(super) const fn readiness(direction: Direction) -> Readiness {
    match direction {
        Direction::Read => Readiness::READABLE,
        Direction::Write => Readiness::WRITABLE,
    }
}
