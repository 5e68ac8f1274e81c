//! The client: connections by way of the proxy, datagrams and look-ups, all in one poll.

use std::io::{self, ErrorKind, Read};
use std::time::{Duration, Instant};

use slab::Slab;
use wasio::stdio::{Stdin, stdin};
use wasio::time::Timer;
use wasio::{Events, Interest, Poll, Registry, Token};

use super::datagrams::Datagrams;
use super::dial::Dial;
use super::flow::{Course, Flow};
use super::lookups::Lookups;
use super::{Arguments, Clock, StartLine, Status, Timers, Wakes, lacks, token, violation};
use crate::plan::{self, Behaviour, Connection};

/// How many connections are open at the same time.
const FLOWS: usize = 12;

/// How often a connection sends a burst.
const TICK: Duration = Duration::from_millis(20);
const BEAT: Duration = Duration::from_secs(1);

struct Client {
    seed: u64,
    length: Duration,
    clock: Clock,
    input: Stdin,
    start_line: StartLine,
    has_ended: bool,
    dial: Dial,
    flows: Slab<Flow>,
    next: u64,
    datagrams: Option<Datagrams>,
    lookups: Option<Lookups>,
    timers: Timers,
    wakes: Wakes,
    tick: Timer,
    beat: Timer,
    done: u64,
    broken: u64,
    bytes: u64,
    polls: u64,
    buffer: Vec<u8>,
}

/// Runs the client until its standard input ends. After the time of the run it keeps nothing open,
/// so that it can be seen what it has left.
///
/// # Errors
/// It cannot start, or a poll fails.
pub fn client() -> io::Result<()> {
    let arguments = Arguments::parse();
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(64);
    let mut client = Client::start(&arguments, poll.registry())?;
    while !client.has_ended {
        let (before, sent_before) = (Instant::now(), client.wakes.sent());
        poll.poll(&mut events, None)?;
        client.polls += 1;
        for event in &events {
            client.handle(event.token(), poll.registry());
        }
        client.timers.check(before);
        client.wakes.check(sent_before);
    }
    client.report();
    Ok(())
}

impl Client {
    fn start(arguments: &Arguments, registry: &Registry) -> io::Result<Self> {
        let (seed, clock) = (arguments.number("seed")?, Clock::default());
        let length = Duration::from_secs(arguments.number("seconds")?);
        let dial = Dial::new(arguments)?;
        let lookups = dial
            .connects()
            .then(|| Lookups::new(arguments, clock.clone()));
        let mut client = Self {
            seed,
            length,
            input: stdin()?,
            start_line: StartLine::new(clock.clone()),
            has_ended: false,
            flows: Slab::new(),
            next: 0,
            datagrams: Datagrams::new(arguments, seed, registry)?,
            lookups: lookups.transpose()?,
            dial,
            timers: Timers::new(seed.wrapping_add(1), &clock, registry)?,
            wakes: Wakes::new(seed.wrapping_add(1), &clock, registry)?,
            clock,
            tick: Timer::oneshot(TICK),
            beat: Timer::periodic(BEAT),
            done: 0,
            broken: 0,
            bytes: 0,
            polls: 0,
            buffer: vec![0; 64 * 1024],
        };
        registry.register(&mut client.input, token::INPUT, Interest::READABLE)?;
        registry.register(&mut client.tick, token::TICK, Interest::READABLE)?;
        registry.register(&mut client.beat, token::BEAT, Interest::READABLE)?;
        if let Dial::Accept(listener) = &mut client.dial {
            registry.register(listener, token::LISTENER, Interest::READABLE)?;
        }
        client.report();
        Ok(client)
    }

    fn handle(&mut self, token: Token, registry: &Registry) {
        match token {
            token::TICK => self.tick(registry),
            token::BEAT => self.beat(),
            token::INPUT => self.read_input(),
            token::WAKER => self.wakes.handle(),
            // A tick accepts: there is never need to hurry.
            token::LISTENER => {}
            token::DATAGRAMS => {
                if let Some(datagrams) = &mut self.datagrams {
                    datagrams.receive(&mut self.buffer);
                }
            }
            token::TO_NOBODY => {
                if let Some(datagrams) = &mut self.datagrams {
                    datagrams.receive_from_nobody(&mut self.buffer);
                }
            }
            token::LOOKUP => {
                if let Some(lookups) = &mut self.lookups {
                    lookups.handle();
                }
            }
            token if self.timers.handle(token) => {
                if self.timers.fired().is_multiple_of(4) {
                    self.wakes.wake_self();
                }
            }
            Token(id) => {
                if let Some(flow) = self.flows.get_mut(id) {
                    let course = flow.advance(&mut self.buffer);
                    self.follow(id, course);
                }
            }
        }
    }

    fn tick(&mut self, registry: &Registry) {
        let at = self.clock.at();
        let quiet = plan::until_loud(at);
        let left = self.length.saturating_sub(at).max(TICK);
        self.tick.set(quiet.unwrap_or(TICK).min(left));
        if at.is_zero() {
            return;
        }
        if at >= self.length {
            return self.leave_all();
        }
        for id in self.ids() {
            let course = match (quiet, &mut self.flows[id]) {
                (Some(_), flow) if flow.is_restless() => Course::Done,
                (Some(_), _) => Course::Open,
                (None, flow) => flow.tick(&mut self.buffer),
            };
            self.follow(id, course);
        }
        if quiet.is_some() {
            return;
        }
        while self.flows.len() < FLOWS && self.open(registry) {}
        if let Some(datagrams) = &mut self.datagrams {
            datagrams.send();
        }
        if let Some(lookups) = &mut self.lookups {
            lookups.tick(registry);
        }
    }

    fn leave_all(&mut self) {
        for id in self.ids() {
            self.bytes += self.flows.remove(id).received();
        }
    }

    /// Takes the start of the run from its input, and ends with it.
    fn read_input(&mut self) {
        loop {
            match self.input.read(&mut self.buffer) {
                Ok(0) => self.has_ended = true,
                Ok(len) => {
                    self.start_line.take(&self.buffer[..len]);
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => {
                    violation(&format!("standard input: {error}"));
                    self.has_ended = true;
                }
            }
            return;
        }
    }

    /// Opens the next connection. Returns false if there is none to be had now.
    fn open(&mut self, registry: &Registry) -> bool {
        let (from, connects) = (self.clock.at(), self.dial.connects());
        let plan = Connection::new(self.seed, self.next, connects);
        // Before it is there: this process may be stopped before the next line, and the connection
        // be refused meanwhile.
        let opened = Instant::now();
        let stream = match self.dial.next(plan.behaviour) {
            Ok(stream) => stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Err(error) => {
                self.not_opened(plan, from, &error);
                return false;
            }
        };
        let (entry, number) = (self.flows.vacant_entry(), self.next);
        let place = (Token(entry.key()), registry);
        match Flow::register(stream, number, plan, (opened, !connects), place) {
            Ok(flow) => {
                entry.insert(flow);
            }
            Err(error) => violation(&format!("a connection is refused: {error}")),
        }
        self.next += 1;
        true
    }

    fn not_opened(&mut self, plan: Connection, from: Duration, error: &io::Error) {
        if matches!(plan.behaviour, Behaviour::ToNobody | Behaviour::ToNowhere) {
            self.next += 1;
            self.done += 1;
            return;
        }
        let number = self.next;
        let what = format!("connection {number} cannot be opened: {error}");
        lacks(from, &self.clock, &what);
    }

    fn follow(&mut self, id: usize, course: Course) {
        match course {
            Course::Open => return,
            Course::Done => self.done += 1,
            Course::Broken(how) => {
                self.broken += 1;
                self.report_broken(&self.flows[id], &how);
            }
            Course::Wrong(how) => violation(&how),
        }
        self.bytes += self.flows.remove(id).received();
    }

    /// `chaos` compares it with what the proxy has broken.
    fn report_broken(&self, flow: &Flow, how: &str) {
        let opened = self.clock.at().saturating_sub(flow.opened().elapsed());
        let address = flow.address().map_or("-".to_owned(), |one| one.to_string());
        let (number, opened) = (flow.number(), opened.as_millis());
        println!("broken {number} {opened} {address} {how}");
    }

    fn beat(&mut self) {
        self.beat.expirations();
        for id in self.ids() {
            let course = self.flows[id].check();
            self.follow(id, course);
        }
        if let Some(datagrams) = &mut self.datagrams {
            datagrams.check();
        }
        if let Some(lookups) = &self.lookups {
            lookups.check();
        }
        self.report();
    }

    fn ids(&self) -> Vec<usize> {
        self.flows.iter().map(|(id, _)| id).collect()
    }

    fn report(&self) {
        let mut status = Status::new()
            .add("connections", self.flows.len())
            .add("done", self.done)
            .add("broken", self.broken)
            .add("bytes", self.bytes)
            .add("polls", self.polls)
            .add("timers", self.timers.fired())
            .add("wakes", self.wakes.sent());
        let datagrams = self.datagrams.iter().flat_map(Datagrams::counts);
        let lookups = self.lookups.iter().flat_map(Lookups::counts);
        for (name, count) in datagrams.chain(lookups) {
            status = status.add(name, count);
        }
        status.print();
    }
}
