//! What happens in a run and when: a pure function of the seed.
//!
//! A run is made of cycles of twelve seconds. Each starts with two seconds in which what the last
//! faults have held up goes on. Then nothing moves for three seconds, and what the hosts cost is
//! measured. Faults of the hosts come after that. The faults of connections and datagrams are at any time
//! but the quiet ones, since they depend on their numbers alone.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::random::Random;

mod connection;

pub use self::connection::{Behaviour, Connection, Cut, Direction, Fate, Step};

/// The length of a cycle.
pub const CYCLE: Duration = Duration::from_secs(12);

/// The part of a cycle in which nothing moves.
const QUIET: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(5)];
pub const QUIET_LENGTH: Duration = Duration::from_secs(3);

/// The part of a cycle in which the hosts have faults, in milliseconds.
const FAULTY_MS: [u64; 2] = [5_200, 11_200];

/// The purposes that numbers are drawn for.
const OF_CYCLE: u64 = 1;
const OF_CONNECTION: u64 = 2;
const OF_STEP: u64 = 3;
const OF_DATAGRAM: u64 = 4;
const OF_INPUT: u64 = 5;

/// A fault, from `at` after the start of the run for as long as it `lasts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    pub at: Duration,
    pub lasts: Duration,
    pub fault: Fault,
}

/// Something that happens to more than one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `connections` are opened at once, directly to the server.
    Flood { connections: u64, then: Flood },
    /// The host may open only `spare` descriptors more than it has.
    Descriptors { of: Party, spare: u64 },
    /// The process of the host is stopped, and then continued.
    Stop { of: Party },
    /// The proxy forwards nothing.
    Stall,
    /// The proxy resets every new connection.
    Refuse,
}

/// What the connections of a flood do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flood {
    Close,
    Reset,
    /// They send something and close without reading what comes back.
    SendAndClose,
    /// They send, never read, and stay for as long as the fault lasts.
    NeverRead,
}

/// One of the two programs under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    Server,
    Client,
}

impl Planned {
    #[must_use]
    pub fn end(&self) -> Duration {
        self.at + self.lasts
    }
}

/// The faults of a run, in the order in which they begin. Each cycle is planned when it is its turn.
pub fn faults(seed: u64, length: Duration) -> impl Iterator<Item = Planned> {
    let cycles = u64::from(length.as_secs() > 0) + length.as_secs() / CYCLE.as_secs();
    (0..cycles)
        .flat_map(move |number| cycle(seed, number))
        .filter(move |planned| planned.end() < length)
}

/// The faults of one cycle. Each kind comes in any three that follow one another.
fn cycle(seed: u64, number: u64) -> Vec<Planned> {
    let mut random = Random::new(seed, OF_CYCLE, number);
    let start = CYCLE.as_secs() * 1_000 * number;
    // No kind twice, as one that ends would end the other too.
    let mut kinds = BTreeSet::from([number % 2, 2 + number % 2, 4 + number % 2]);
    kinds.extend(number.is_multiple_of(3).then_some(6));
    kinds.extend([random.between(0, 6), random.between(0, 6)]);
    let mut faults: Vec<_> = kinds
        .into_iter()
        .map(|kind| fault(&mut random, start, kind))
        .collect();
    faults.sort_by_key(|planned| planned.at);
    faults
}

fn fault(random: &mut Random, start: u64, kind: u64) -> Planned {
    let (shortest, longest, fault) = match kind {
        0 => (
            300,
            1_500,
            Fault::Flood {
                connections: random.between(20, 150),
                then: flood(random),
            },
        ),
        1 => (300, 1_200, Fault::Stop { of: Party::Server }),
        2 => (500, 2_500, descriptors(random, Party::Server)),
        3 => (300, 1_200, Fault::Stop { of: Party::Client }),
        4 => (300, 2_000, Fault::Stall),
        5 => (500, 2_000, descriptors(random, Party::Client)),
        _ => (100, 800, Fault::Refuse),
    };
    let lasts = random.between(shortest, longest);
    let at = random.between(FAULTY_MS[0], FAULTY_MS[1] - lasts);
    Planned {
        at: Duration::from_millis(start + at),
        lasts: Duration::from_millis(lasts),
        fault,
    }
}

fn flood(random: &mut Random) -> Flood {
    match random.between(0, 3) {
        0 => Flood::Close,
        1 => Flood::Reset,
        2 => Flood::SendAndClose,
        _ => Flood::NeverRead,
    }
}

fn descriptors(random: &mut Random, of: Party) -> Fault {
    let spare = random.between(0, 6);
    Fault::Descriptors { of, spare }
}

/// Whether nothing is to move at that time of a run.
#[must_use]
pub fn is_quiet(at: Duration) -> bool {
    until_loud(at).is_some()
}

/// How long a quiet time still lasts, if it is one.
#[must_use]
pub fn until_loud(at: Duration) -> Option<Duration> {
    let within = within_cycle(at);
    (within >= QUIET[0] && within < QUIET[1]).then(|| QUIET[1] - within)
}

/// How long it is until the next quiet time begins.
#[must_use]
pub fn until_quiet(at: Duration) -> Duration {
    let within = within_cycle(at);
    if within < QUIET[0] {
        QUIET[0] - within
    } else {
        CYCLE + QUIET[0] - within
    }
}

fn within_cycle(at: Duration) -> Duration {
    let cycles = at.as_secs() / CYCLE.as_secs();
    at - Duration::from_secs(cycles * CYCLE.as_secs())
}

/// What becomes of a datagram on its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Datagram {
    Arrives,
    IsLost,
    ComesTwice,
    /// It comes after the one that follows it.
    ComesLate,
}

/// What becomes of datagram `number` in one direction.
#[must_use]
pub fn datagram(seed: u64, number: u64, direction: Direction) -> Datagram {
    let mut random = Random::new(seed, OF_DATAGRAM, number * 2 + direction as u64);
    match random.between(0, 19) {
        0 | 1 => Datagram::IsLost,
        2 => Datagram::ComesTwice,
        3 | 4 => Datagram::ComesLate,
        _ => Datagram::Arrives,
    }
}

/// The length of datagram `number`.
#[must_use]
pub fn datagram_len(seed: u64, number: u64) -> usize {
    let mut random = Random::new(seed, OF_DATAGRAM, number | 1 << 63);
    random.len_between(16, 1_200)
}

/// When the server's input ends, in a run of that length.
#[must_use]
pub fn end_of_input(seed: u64, length: Duration) -> Duration {
    let share = Random::new(seed, OF_INPUT, 0).between(400, 800);
    length * u32::try_from(share).unwrap_or(0) / 1_000
}

/// The length of a part of the server's input, and the pause after it.
#[must_use]
pub fn input(seed: u64, number: u64) -> (usize, Duration) {
    let mut random = Random::new(seed, OF_INPUT, number + 1);
    let len = if random.one_in(10) {
        random.len_between(1_000, 20_000)
    } else {
        random.len_between(1, 200)
    };
    (len, Duration::from_millis(random.between(1, 300)))
}

/// A time to wait, for timers and for threads that wake others.
#[derive(Clone, Debug)]
pub struct Pauses(Random);

impl Pauses {
    /// The pauses of `number`.
    #[must_use]
    pub fn new(seed: u64, number: u64) -> Self {
        Self(Random::new(seed, OF_STEP, u64::MAX - number))
    }

    /// The next one: mostly a few milliseconds, at most half a second.
    pub fn next_pause(&mut self) -> Duration {
        let most = if self.0.one_in(4) { 500_000 } else { 20_000 };
        Duration::from_micros(self.0.between(100, most))
    }
}

#[cfg(test)]
mod tests;
