//! Events in a form that is easy to compare.

use crate::event::Event;

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
