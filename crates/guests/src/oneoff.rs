//! Raw calls of `poll_oneoff`, the only call of WASI 0.1 that waits.

use std::time::Duration;

use crate::raw;

/// What the host should wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// This time on the monotonic clock.
    Clock(Duration),
    /// That a descriptor is readable.
    Read(i32),
    /// That a descriptor is writable.
    Write(i32),
}

/// One event of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The subscription that it is for.
    pub of: Question,
    /// The error number, or 0.
    pub errno: u16,
}

/// Calls `poll_oneoff` once.
///
/// # Errors
///
/// The host's error number.
///
/// # Panics
///
/// Panics if the host returns an event for something else.
pub fn ask(questions: &[Question]) -> Result<Vec<Answer>, u16> {
    let records: Vec<_> = (0..).zip(questions).map(record).collect();
    let mut events = vec![[0; 4]; questions.len()];
    let written = raw::poll_oneoff(&records, &mut events)?;
    let answers = events[..written].iter().map(|event| Answer {
        of: questions[usize::try_from(event[0]).expect("a number that was given")],
        errno: u16::try_from(event[1] & 0xffff).expect("16 bits"),
    });
    Ok(answers.collect())
}

/// A `subscription` as words of 64 bits: user data, kind, and the fields of that kind.
fn record((number, question): (u64, &Question)) -> [u64; 6] {
    const MONOTONIC: u64 = 1;
    let of_descriptor = |kind, descriptor: i32| {
        let descriptor = u64::from(descriptor.cast_unsigned());
        [number, kind, descriptor, 0, 0, 0]
    };
    match *question {
        Question::Clock(timeout) => {
            let timeout_ns = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
            [number, 0, MONOTONIC, timeout_ns, 0, 0]
        }
        Question::Read(descriptor) => of_descriptor(1, descriptor),
        Question::Write(descriptor) => of_descriptor(2, descriptor),
    }
}
