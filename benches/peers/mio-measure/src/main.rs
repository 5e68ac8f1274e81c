//! Measures waking one thread from another, on mio. (mio has no timers to measure.) Prints one
//! figure per line: its name and its value.
#![deny(unsafe_code)]

#[path = "../../shape/wake.rs"]
mod wake;

use std::io;

/// Everything that the shared source needs from the library under test.
mod api {
    pub(crate) use mio::net::TcpListener;
    pub(crate) use mio::{Events, Interest, Poll, Token, Waker};

    pub(crate) fn listener() -> std::io::Result<TcpListener> {
        TcpListener::bind(([127, 0, 0, 1], 0).into())
    }
}

/// `wake COUNT [--descriptor]`
fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let count = |text: &str| text.parse().map_err(io::Error::other);
    match arguments.as_slice() {
        ["wake", number] => wake::run(count(number)?, false),
        ["wake", number, "--descriptor"] => wake::run(count(number)?, true),
        _ => Err(io::Error::other("usage: wake COUNT [--descriptor]")),
    }
}
