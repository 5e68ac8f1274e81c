//! Programs out of bytes: what proptest draws and shrinks, and what a fuzzer changes. Each operation
//! has as many bytes as any other, so one that is left out leaves the others as they are. Smaller
//! bytes are simpler.

#[cfg(test)]
pub(crate) use self::random::{config, program};
use super::program::AMPLE;
use super::{Fault, How, Kind, MS, Op, Program, SOURCES, Timeout};
use crate::portable::Direction;
use crate::{Interest, Mode};

/// The bytes of an operation.
const LEN: usize = 8;
/// The longest program.
const OPS: usize = 100;

/// Bytes that are taken from the front; after the last there are zeros.
pub(crate) struct Input<'a>(pub(crate) &'a [u8]);

impl Input<'_> {
    fn next(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::from(self.next()) % all.len()]
    }

    pub(crate) fn program(&mut self) -> Program {
        let room = self.room();
        let ops = self.0.chunks(LEN).take(OPS);
        Program {
            room,
            ops: ops.map(|bytes| Input(bytes).op()).collect(),
        }
    }

    fn op(&mut self) -> Op {
        match self.next() % 90 {
            0..=3 => Op::Settle {
                drains: self.one_of(&[true, false]),
                wakes: self.one_of(&[false, true]),
            },
            4..=13 => Op::Select {
                timeout: self.timeout(),
                room: self.room(),
            },
            14..=16 => Op::Wake {
                after_ns: self.time_ns(),
            },
            17..=25 => Op::Timer {
                id: self.one_of(&[0, 1, 2, 3]),
                after_ns: self
                    .one_of(&[true, true, true, false])
                    .then(|| self.time_ns()),
                period_ns: self.one_of(&[0, 0, 0, MS, 7 * MS, 30 * MS]),
            },
            26..=27 => Op::DropTimer {
                id: self.one_of(&[0, 1, 2, 3]),
            },
            28..=33 => Op::Fault(self.fault()),
            34 => Op::Fork,
            35..=63 => self.traffic(),
            64..=65 => Op::FindNothing,
            _ => self.registration(),
        }
    }

    fn registration(&mut self) -> Op {
        let which = self.next() % 18;
        let id = self.id();
        match which {
            0..=7 => Op::Register {
                id,
                kind: self.one_of(&[
                    Kind::Stream,
                    Kind::Stream,
                    Kind::Stream,
                    Kind::Listener,
                    Kind::File,
                ]),
                interest: self.interest(),
                mode: self.mode(),
            },
            8..=11 => Op::Reregister {
                id,
                interest: self.interest(),
                mode: self.mode(),
            },
            12..=13 => Op::Deregister { id },
            _ => Op::Close { id },
        }
    }

    fn traffic(&mut self) -> Op {
        let which = self.next() % 28;
        let id = self.id();
        match which {
            0..=11 => Op::Arrive {
                id,
                bytes: self.one_of(&[1, 1, 2, 100, 9_000]),
                after_ns: self.time_ns(),
            },
            12..=15 => Op::Room {
                id,
                room: self.one_of(&[true, false]),
            },
            16..=17 => Op::End {
                id,
                resets: self.one_of(&[true, false]),
            },
            _ => Op::Io {
                id,
                direction: self.one_of(&Direction::BOTH),
                how: self.one_of(&How::ALL),
            },
        }
    }

    fn fault(&mut self) -> Fault {
        match self.next() % 5 {
            0 => Fault::Error(self.next() % 4),
            1 => Fault::Spurious(self.id()),
            2 => Fault::Early,
            3 => Fault::Late(self.time_ns()),
            _ => Fault::Jump(self.time_ns() * self.one_of(&[1, 40_000])),
        }
    }

    fn timeout(&mut self) -> Timeout {
        match self.next() % 10 {
            0..=7 => Timeout::Ns(self.time_ns()),
            8 => Timeout::Longest,
            _ => Timeout::Never,
        }
    }

    /// Up to 90 ms, and more often a short time or none.
    fn time_ns(&mut self) -> u64 {
        let unit_ns = self.one_of(&[0, 1, 1_000, MS / 100, MS / 3, MS / 3]);
        unit_ns * u64::from(self.next())
    }

    /// A few are used over and over, so that most of what a program does concerns a source that is
    /// open.
    fn id(&mut self) -> u32 {
        let byte = u32::from(self.next());
        3 + byte % if byte < 192 { 5 } else { SOURCES }
    }

    fn interest(&mut self) -> Interest {
        let (read, write) = (Interest::READABLE, Interest::WRITABLE);
        self.one_of(&[read, write, read | write])
    }

    fn mode(&mut self) -> Mode {
        use Mode::{Edge, Level, Oneshot};
        self.one_of(&[Edge, Edge, Edge, Level, Level, Oneshot])
    }

    fn room(&mut self) -> usize {
        self.one_of(&[1, 2, 3, 5, AMPLE, AMPLE])
    }
}

#[cfg(test)]
mod random {
    use proptest::prelude::*;

    use super::{Input, LEN, Program};

    const CASES: u32 = 1_000;

    /// [`CASES`], or as many as the environment asks for. A failure shrinks for so long at most.
    pub(crate) fn config() -> ProptestConfig {
        let mut config = ProptestConfig::default();
        if std::env::var_os("PROPTEST_CASES").is_none() {
            config.cases = CASES;
        }
        config.max_shrink_time = 20_000;
        config
    }

    pub(crate) fn program() -> impl Strategy<Value = Program> {
        let ops = prop::collection::vec(prop::array::uniform::<_, LEN>(any::<u8>()), 1..60);
        (any::<u8>(), ops).prop_map(|(room, ops)| {
            let bytes = [&[room], ops.as_flattened()].concat();
            Input(&bytes).program()
        })
    }
}
