//! The one call of WASI 0.1 that waits, as the host answers it.

use std::time::Duration;

use crate::raw;

/// What a host may be asked to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// The monotonic clock to go on by so much.
    Clock(Duration),
    /// A descriptor to be readable.
    Read(i32),
    /// A descriptor to be writable.
    Write(i32),
}

/// What a host says of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What was asked.
    pub of: Question,
    /// The error number, 0 for none.
    pub errno: u16,
}

/// Asks the host, once.
///
/// # Errors
///
/// The host's number.
///
/// # Panics
///
/// If the host answers what was not asked.
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

/// A `subscription` in words of 64 bits: the user's number, which kind, and what that has.
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
