//! Measurements that need no client: timers, and waking one thread from another. Prints one figure
//! per line: its name and its value.
#![deny(unsafe_code)]

mod timers;
#[path = "../../shape/wake.rs"]
mod wake;

use std::io;

/// Everything that the shared source needs from the library under test.
mod api {
    pub(crate) use wasio::net::TcpListener;
    pub(crate) use wasio::{Events, Interest, Poll, Token, Waker};

    #[cfg(target_os = "wasi")]
    pub(crate) fn listener() -> std::io::Result<TcpListener> {
        TcpListener::preopened()?
            .ok_or_else(|| std::io::Error::other("the host hands in no listener"))
    }

    #[cfg(not(target_os = "wasi"))]
    pub(crate) fn listener() -> std::io::Result<TcpListener> {
        TcpListener::bind(([127, 0, 0, 1], 0).into())
    }
}

/// `timers COUNT` or `wake COUNT [--descriptor]`
fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let count = |text: &str| text.parse().map_err(io::Error::other);
    match arguments.as_slice() {
        ["timers", number] => timers::run(count(number)?),
        ["wake", number] => wake::run(count(number)?, false),
        ["wake", number, "--descriptor"] => wake::run(count(number)?, true),
        _ => Err(io::Error::other(
            "usage: timers COUNT | wake COUNT [--descriptor]",
        )),
    }
}
