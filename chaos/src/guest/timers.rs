//! Timers that must be neither early nor lost.

use std::io;
use std::time::Instant;

use wasio::time::Timer;
use wasio::{Interest, Registry, Token};

use super::{Clock, Patience, token, violation};
use crate::plan::{self, Pauses};

const COUNT: usize = 12;

#[derive(Debug)]
pub(super) struct Timers {
    timers: Vec<One>,
    clock: Clock,
    fired: u64,
}

#[derive(Debug)]
struct One {
    timer: Timer,
    deadline: Instant,
    pauses: Pauses,
    patience: Patience,
}

impl Timers {
    pub(super) fn new(seed: u64, clock: &Clock, registry: &Registry) -> io::Result<Self> {
        let mut timers = Vec::new();
        for index in 0..COUNT {
            let mut one = One {
                timer: Timer::new(),
                deadline: Instant::now(),
                pauses: Pauses::new(seed, index as u64),
                patience: Patience::default(),
            };
            let token = Token(token::TIMERS.0 + index);
            registry.register(&mut one.timer, token, Interest::READABLE)?;
            one.set(clock);
            timers.push(one);
        }
        Ok(Self {
            timers,
            clock: clock.clone(),
            fired: 0,
        })
    }

    /// Handles an event. Returns whether it was one of a timer.
    pub(super) fn handle(&mut self, token: Token) -> bool {
        let index = token.0.wrapping_sub(token::TIMERS.0);
        let Some(one) = self.timers.get_mut(index) else {
            return false;
        };
        match one.timer.expirations() {
            // It was moved after this event.
            0 => return true,
            1 => {}
            count => violation(&format!("a timer that was set once expired {count} times")),
        }
        self.fired += 1;
        if let Some(early) = one.deadline.checked_duration_since(Instant::now()) {
            violation(&format!("a timer is early by {early:?}"));
        }
        one.set(&self.clock);
        // Each tenth expiration moves the next timer too, which may be due in this very poll.
        if self.fired.is_multiple_of(10) {
            let next = (index + 1) % COUNT;
            self.timers[next].set(&self.clock);
        }
        true
    }

    /// Call this after the events of each poll, with the time before it.
    pub(super) fn check(&mut self, before: Instant) {
        for one in &mut self.timers {
            if one.patience.is_over(one.deadline < before) {
                let late = one.deadline.elapsed();
                violation(&format!("a timer is lost: it was due {late:?} ago"));
                one.set(&self.clock);
            }
        }
    }

    pub(super) fn fired(&self) -> u64 {
        self.fired
    }
}

impl One {
    /// Sets the timer again. If the run is in a quiet time, the timer expires after the end of it.
    fn set(&mut self, clock: &Clock) {
        let pause = self.pauses.next_pause() + plan::until_loud(clock.at()).unwrap_or_default();
        self.deadline = Instant::now() + pause;
        self.timer.set(pause);
    }
}
