//! What the tests of every backend's selector share: events in a form that is easy to compare, and
//! timers.

use std::io;
use std::time::Duration;

use crate::event::Event;
use crate::portable::{Backend, Expiry, Key, Selector};
use crate::{Events, Token};

/// The token, and what the event says in letters: `r`, `w`, `e`rror, `R`ead closed, `W`rite closed.
pub(crate) type Said = (usize, String);

pub(crate) fn said(event: &Event) -> Said {
    let letters = [
        (event.is_readable(), 'r'),
        (event.is_writable(), 'w'),
        (event.is_error(), 'e'),
        (event.is_read_closed(), 'R'),
        (event.is_write_closed(), 'W'),
    ];
    let letters = letters
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, letter)| letter);
    (event.token().0, letters.collect())
}

pub(crate) fn select<B: Backend>(
    selector: &Selector<B>,
    events: &mut Events,
    timeout: Option<Duration>,
) -> io::Result<Vec<Said>> {
    events.clear();
    selector.select(events, timeout)?;
    Ok(events.iter().map(said).collect())
}

/// Registers a timer that expires after a time from now, and then with each period.
pub(crate) fn timer<B: Backend>(
    selector: &Selector<B>,
    token: usize,
    after_ns: u64,
    period_ns: u64,
) -> Key {
    let deadline_ns = selector.now_ns() + after_ns;
    let expiry = Expiry {
        deadline_ns,
        period_ns,
    };
    selector.register_timer(Token(token), Some(expiry)).unwrap()
}

/// What events with these tokens, readable, look like.
pub(crate) fn readable(tokens: &[usize]) -> Vec<Said> {
    tokens
        .iter()
        .map(|token| (*token, "r".to_owned()))
        .collect()
}

pub(crate) fn sorted(mut said: Vec<Said>) -> Vec<Said> {
    said.sort();
    said
}
