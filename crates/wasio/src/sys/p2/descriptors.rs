//! Descriptors that wasi-libc made, waited for with its `poll`.

use std::io;

use super::raw::{self, Asked};
use super::selector;
use super::target::{Record, Target};
use super::wait::{Budget, Found, readiness};
use crate::event::Readiness;
use crate::portable::{Direction, Key, Sources};

/// The descriptors that are armed.
#[derive(Debug, Default)]
pub(super) struct Descriptors {
    asked: Vec<Asked>,
    /// Who asks: the same places.
    owners: Vec<(Key, Direction)>,
}

impl Descriptors {
    pub(super) const fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    /// Lists the directions that are to be waited for.
    pub(super) fn gather(&mut self, sources: &mut Sources<Target>) {
        self.asked.clear();
        self.owners.clear();
        self.owners.extend_from_slice(sources.always_ready());
        for &(key, direction) in &self.owners {
            let descriptor = match sources.get(key).map(|source| source.source) {
                Some(Target::Descriptor(descriptor)) => descriptor,
                // libc leaves a negative number alone.
                _ => -1,
            };
            let wanted = match direction {
                Direction::Read => Asked::READ,
                Direction::Write => Asked::WRITE,
            };
            self.asked.push(Asked {
                descriptor,
                wanted,
                found: 0,
            });
        }
    }

    /// Waits, and adds what is ready to `found`.
    pub(super) fn ask(&mut self, budget: Budget, found: &mut Vec<Found>) -> io::Result<()> {
        let timeout_ms = match budget {
            Budget::Zero => 0,
            Budget::Until(at_ns) => {
                let left_ns = at_ns.saturating_sub(selector::now_ns());
                i32::try_from(left_ns.div_ceil(1_000_000)).unwrap_or(i32::MAX)
            }
            Budget::Within(_) | Budget::Unlimited => -1,
        };
        match raw::poll_descriptors(&mut self.asked, timeout_ms) {
            Ok(0) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            result => drop(result?),
        }
        for (asked, &(key, direction)) in self.asked.iter().zip(&self.owners) {
            if asked.found != 0 {
                found.push(Found {
                    key,
                    direction,
                    readiness: readiness_of(asked.found, direction),
                    record: Record::Descriptor {
                        descriptor: asked.descriptor,
                        found: asked.found,
                    },
                });
            }
        }
        Ok(())
    }
}

fn readiness_of(found: i16, direction: Direction) -> Readiness {
    let closed = match direction {
        Direction::Read => Readiness::READ_CLOSED,
        Direction::Write => Readiness::WRITE_CLOSED,
    };
    if found & (Asked::ERROR | Asked::NOT_OPEN) != 0 {
        Readiness::FAILED
    } else if found & Asked::HANG_UP != 0 {
        readiness(direction).with(closed)
    } else {
        readiness(direction)
    }
}
