//! What the scripted host says at the end of a call.

use std::collections::HashSet;

use super::super::abi::{Errno, Event, FD_READ, FD_WRITE, HANGUP};
use super::host::{Call, Kind, MS, Question, World};
use super::rules::{ClockEvent, Files, Lie, Nbytes, Reset};
use crate::portable::tests::model::Fault;

const IO: Errno = Errno(29);

impl World {
    pub(super) fn answer(&mut self, call: &Call) -> Vec<Event> {
        if let Some(Fault::Late(ns)) = call.fault {
            self.now_ns += ns;
        }
        let is_early = call.fault == Some(Fault::Early);
        let blind = is_early || self.rules.blind_below_ms && call.timeout_ns < MS;
        let any = !blind
            && call
                .questions
                .iter()
                .any(|one| self.wakes(one) || call.fault == Some(Fault::Spurious(one.fd)));
        let mut events = Vec::new();
        let mut listed = HashSet::new();
        for question in &call.questions {
            if self.rules.first_direction_only && !listed.insert(question.fd) {
                continue;
            }
            let event = if blind {
                None
            } else {
                self.event_of(call, question, any)
            };
            events.extend(event);
        }
        if self.rules.rotates && !events.is_empty() {
            let middle = usize::try_from(self.polls).unwrap() % events.len();
            events.rotate_left(middle);
        }
        // Errors first, as some do.
        events.sort_by_key(|event| event.error == Errno::SUCCESS);
        let expired = is_early && call.clock != 0 || self.now_ns >= call.deadline_ns;
        let clock = match self.rules.clock_event {
            ClockEvent::Expired => expired,
            ClockEvent::Alone => events.is_empty(),
            ClockEvent::Always => true,
        };
        if clock {
            let mut event = Event::ZERO;
            event.userdata = call.clock;
            events.insert(0, event);
        }
        self.lie(call, &mut events);
        events
    }

    fn event_of(&self, call: &Call, question: &Question, any: bool) -> Option<Event> {
        let mut event = Event::ZERO;
        event.userdata = question.userdata;
        event.kind = if question.write { FD_WRITE } else { FD_READ };
        let Some(descriptor) = self.fds.get(&question.fd) else {
            event.error = Errno::BADF;
            return Some(event);
        };
        let is_file = descriptor.kind == Kind::File;
        event.error = match descriptor.refused {
            Some(errno) => errno,
            None if question.write && self.rules.writes_refused => Errno::NOTSUP,
            None if is_file && self.rules.files == Files::Event => Errno::PERM,
            None => Errno::SUCCESS,
        };
        if event.error != Errno::SUCCESS {
            return Some(event);
        }
        if descriptor.reset {
            match self.rules.reset {
                Reset::Error => event.error = IO,
                Reset::Hangup => event.flags = HANGUP,
                Reset::Silence => return None,
            }
            return Some(event);
        }
        let ready = self.wakes(question)
            || (self.rules.all_when_any && any)
            || call.fault == Some(Fault::Spurious(question.fd))
            || (self.rules.sleeps_then_all && !question.write);
        event.nbytes = match self.rules.nbytes {
            _ if question.write => 0,
            Nbytes::Exact if descriptor.kind != Kind::Listener => descriptor.pending.max(1),
            Nbytes::Exact | Nbytes::One => 1,
            Nbytes::Zero => 0,
        };
        ready.then_some(event)
    }

    fn lie(&self, call: &Call, events: &mut Vec<Event>) {
        let mut extra = Event::ZERO;
        extra.kind = FD_READ;
        match self.rules.lie {
            None | Some(Lie::MoreEvents | Lie::ClockBackwards) => {}
            Some(Lie::UnknownUserdata) => {
                for userdata in [
                    0,
                    1,
                    u64::MAX,
                    u64::from(u32::MAX),
                    7 << 40,
                    self.polls << 32,
                ] {
                    extra.userdata = userdata;
                    events.push(extra);
                }
            }
            Some(Lie::StaleUserdata) => {
                // A label of today is no lie.
                let stale =
                    |label: &&u64| !call.questions.iter().any(|one| one.userdata == **label);
                for userdata in self.seen.iter().filter(stale) {
                    extra.userdata = *userdata;
                    events.push(extra);
                }
            }
            Some(Lie::WrongType) => {
                for question in &call.questions {
                    extra.userdata = question.userdata;
                    extra.kind = if question.write { FD_READ } else { 77 };
                    events.push(extra);
                }
            }
            Some(Lie::GarbageErrno) => {
                for event in events.iter_mut() {
                    event.error = Errno(40_000);
                }
            }
        }
    }
}
