//! Counts the bytes allocated for registered sources. It is a separate program because counting
//! would slow down the other measurements.
#![deny(unsafe_code)]

use std::alloc::System;
use std::io;
use std::time::Duration;

use cap::Cap;
use wasio::{Events, Interest, Poll, SourceFd, Token};

#[global_allocator]
static COUNTED: Cap<System> = Cap::new(System, usize::MAX);

/// The descriptor of the first preopened listener.
const FIRST_PREOPENED: i32 = 3;

/// `COUNT`: registers that many preopened listeners and polls twice, so that the memory that a wait
/// needs per listener is counted too.
fn main() -> io::Result<()> {
    let count = std::env::args().nth(1).unwrap_or_default();
    let count: i32 = count.parse().map_err(io::Error::other)?;
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(64);
    let before = COUNTED.allocated();
    for descriptor in FIRST_PREOPENED..FIRST_PREOPENED + count {
        let token = Token(usize::try_from(descriptor).map_err(io::Error::other)?);
        poll.registry()
            .register(&mut SourceFd(&descriptor), token, Interest::READABLE)?;
    }
    for _ in 0..2 {
        poll.poll(&mut events, Some(Duration::ZERO))?;
    }
    let bytes = COUNTED.allocated() - before;
    println!("source_bytes {}", bytes as f64 / f64::from(count));
    Ok(())
}
