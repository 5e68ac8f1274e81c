//! What the client does on a connection, and what the proxy does to it.

use std::time::Duration;

use super::{OF_CONNECTION, OF_STEP};
use crate::random::Random;

/// A connection of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// How many bytes the client sends, if nothing ends the connection before.
    pub bytes: u64,
    /// How many of them it sends at a time.
    pub burst: usize,
    pub behaviour: Behaviour,
    pub fate: Fate,
}

/// What the client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// It reads everything back and then closes.
    ReadsAll,
    /// It ends its side when all is sent, and reads to the end.
    HalfCloses,
    /// It closes when this many bytes have come back.
    Leaves { after: u64 },
    /// It sends as much as there is room for, reads nothing, and closes after that time.
    NeverReads { stays: Duration },
    /// It connects to where nobody listens.
    ToNobody,
    /// It connects to where no path leads.
    ToNowhere,
}

/// What the proxy does in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It forwards everything.
    Whole,
    Cut(Direction, u64, Cut),
}

/// What the proxy does to a connection once a number of bytes has gone in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Both sides are reset.
    Reset,
    /// That direction ends; the other goes on.
    HalfClose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    ToServer,
    ToClient,
}

/// How the proxy forwards the next bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// How long it waits after the first of them has come. What comes meanwhile goes with them.
    pub delay: Duration,
    /// The most bytes that it forwards in one write.
    pub part: usize,
}

impl Connection {
    /// Connection `number`. Where `dials` is false the client cannot connect, and others connect to it.
    #[must_use]
    pub fn new(seed: u64, number: u64, dials: bool) -> Self {
        let mut random = Random::new(seed, OF_CONNECTION, number);
        let most = if random.one_in(4) { 200_000 } else { 10_000 };
        let bytes = random.between(16, most);
        let burst = random.len_between(1, 4_000);
        let behaviour = behaviour(&mut random, bytes, dials);
        let fate = match behaviour {
            Behaviour::ReadsAll | Behaviour::HalfCloses => fate(&mut random, bytes),
            _ => Fate::Whole,
        };
        Self {
            bytes,
            burst,
            behaviour,
            fate,
        }
    }
}

fn behaviour(random: &mut Random, bytes: u64, dials: bool) -> Behaviour {
    match random.between(0, 19) {
        0 if dials => Behaviour::ToNobody,
        1 if dials => Behaviour::ToNowhere,
        2 | 3 => Behaviour::Leaves {
            after: random.between(16, bytes),
        },
        4 | 5 => Behaviour::NeverReads {
            stays: Duration::from_millis(random.between(100, 1_500)),
        },
        6..=11 => Behaviour::HalfCloses,
        _ => Behaviour::ReadsAll,
    }
}

fn fate(random: &mut Random, bytes: u64) -> Fate {
    let direction = if random.one_in(2) {
        Direction::ToServer
    } else {
        Direction::ToClient
    };
    let at = random.between(16, bytes);
    match random.between(0, 9) {
        0 | 1 => Fate::Cut(direction, at, Cut::Reset),
        2 => Fate::Cut(direction, at, Cut::HalfClose),
        _ => Fate::Whole,
    }
}

impl Step {
    /// Step `number` of a direction of a connection.
    #[must_use]
    pub fn new(seed: u64, connection: u64, direction: Direction, number: u64) -> Self {
        let purpose = OF_STEP + ((direction as u64 + 1) << 32);
        let mut random = Random::new(seed ^ number.rotate_left(32), purpose, connection);
        let delay_ms = match random.between(0, 99) {
            0 => random.between(200, 1_500),
            1..20 => random.between(1, 30),
            _ => 0,
        };
        // Parts of a few bytes are rare, as each of them costs both guests a poll.
        let part = match random.between(0, 9) {
            0 => random.len_between(8, 64),
            1..=3 => random.len_between(64, 2_000),
            _ => 65_536,
        };
        Self {
            delay: Duration::from_millis(delay_ms),
            part,
        }
    }
}
