//! Waitable sets, and what happens while the program waits.

use super::{CANCELLED, CANCELLED_CALL, Host, Kind, MOST_WAITS, STARTED, SUBTASK};

impl Host {
    /// When a call that is to end a wait ends.
    fn due_ns(&self, number: u32) -> Option<u64> {
        match self.handles[number as usize - 1].as_ref()?.kind {
            Kind::Clock(at_ns) => Some(at_ns),
            _ => None,
        }
    }

    pub(crate) fn new_set(&mut self) -> u32 {
        self.open(Kind::Set)
    }

    pub(crate) fn join(&mut self, waitable: u32, set: u32) {
        self.count_call();
        if set != 0 && self.handle(set).is_none_or(|one| one.kind != Kind::Set) {
            self.trap("a waitable joins what is no set");
        }
        match self.handle(waitable) {
            Some(one) => one.set = (set != 0).then_some(set),
            None => self.trap("what is gone joins a set"),
        }
    }

    pub(crate) fn now(&mut self) -> u64 {
        self.now_ns += 30;
        self.now_ns
    }

    /// Blocks until there is an event.
    pub(crate) fn wait(&mut self, set: u32) -> Option<[u32; 3]> {
        self.count_wait();
        let mut handles = self.handles.iter().flatten();
        if !handles.any(|one| one.set == Some(set) && one.is_busy()) {
            self.trap("a wait that nothing ends");
            return None;
        }
        let late_ns = self.meet_fault();
        loop {
            self.run();
            if let Some(event) = self.take_event(set) {
                self.now_ns += late_ns;
                return Some(event);
            }
            let clocks = self.clocks.iter().filter_map(|number| self.due_ns(*number));
            let next_ns = clocks.chain(self.script.keys().map(|key| key.0)).min();
            match next_ns {
                Some(next_ns) => self.now_ns = self.now_ns.max(next_ns),
                None => {
                    self.trap("a wait that never ends");
                    self.end_everything();
                    self.run();
                    return self.take_event(set);
                }
            }
        }
    }

    /// Takes an event that there is. The host does not run.
    pub(crate) fn poll(&mut self, set: u32) -> Option<[u32; 3]> {
        self.count_call();
        self.take_event(set)
    }

    pub(crate) fn yielded(&mut self) {
        self.count_wait();
        let late_ns = self.meet_fault();
        self.run();
        self.now_ns += late_ns;
    }

    fn count_wait(&mut self) {
        self.count_call();
        self.waits += 1;
        if self.waits > MOST_WAITS {
            self.trap("the program spins");
        }
    }

    /// Returns its kind, its waitable and its code.
    fn take_event(&mut self, set: u32) -> Option<[u32; 3]> {
        let mut calls = self.cancelled_calls.iter();
        if let Some(place) = calls.position(|number| self.is_in_flight(*number, set)) {
            let number = self.cancelled_calls.remove(place);
            return Some([SUBTASK, number, CANCELLED_CALL]);
        }
        let mut cancelled = self.cancelled.iter();
        if let Some(place) = cancelled.position(|number| self.is_in_flight(*number, set)) {
            let number = self.cancelled.remove(place);
            self.end_operation(number);
            let kind = self.handle(number)?.kind;
            return Some([kind.of_event(), number, CANCELLED]);
        }
        let mut events = self.events.iter();
        let place = events.position(|number| self.is_member(*number, set))?;
        let number = self.events.remove(place)?;
        let one = self.handle(number)?;
        Some([one.kind.of_event(), number, one.event.take()?])
    }

    /// The bytes of a peer so far, and those that will arrive.
    pub(crate) fn all_of(&self, peer: u32) -> u64 {
        let script = self.script.values().filter(|one| one.0 == peer);
        let to_come: u64 = script.map(|one| one.1).sum();
        self.peers[&peer].sent + to_come
    }

    /// Whether a member of the set has an operation in flight.
    fn is_in_flight(&self, number: u32, set: u32) -> bool {
        let one = self.handles.get(number as usize - 1);
        let one = one.and_then(Option::as_ref);
        one.is_some_and(|one| one.set == Some(set) && one.operation.is_some())
    }

    /// What has happened meanwhile, and the operations that it ends.
    pub(super) fn run(&mut self) {
        while let Some(entry) = self.script.first_entry() {
            if entry.key().0 > self.now_ns {
                break;
            }
            let (peer, bytes) = entry.remove();
            self.change(peer, |peer| {
                if peer.ended.is_none() {
                    peer.sent += bytes;
                }
            });
        }
        let mut changed = std::mem::take(&mut self.changed);
        changed.extend(&self.clocks);
        changed.sort_unstable();
        changed.dedup();
        for number in std::mem::take(&mut self.starting) {
            if let Some(one) = self.handle(number) {
                one.event = Some(STARTED);
                self.events.push_back(number);
            }
        }
        for number in changed {
            if let Some(code) = self.end_of(number) {
                self.end_operation(number);
                if let Some(one) = self.handle(number) {
                    one.event = Some(code);
                }
                self.events.push_back(number);
            }
        }
    }
}
