//! The guide: the loop, and the rules that keep it from stalling or spinning.
//!
//! # One loop
//!
//! A program registers its sources with a [`Poll`], each under a [`Token`] of its own choice, and
//! then waits, again and again, for any of them:
//!
//! ```
//! # #[cfg(all(feature = "net", not(target_env = "p1")))]
//! # fn main() -> std::io::Result<()> {
//! use std::io::{ErrorKind, Read, Write};
//! use wasio::net::{TcpListener, TcpStream};
//! use wasio::{Events, Interest, Poll, Token};
//!
//! let mut poll = Poll::new()?;
//! let mut events = Events::with_capacity(128);
//! let mut listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
//! poll.registry().register(&mut listener, Token(0), Interest::READABLE)?;
//! # let mut client = std::net::TcpStream::connect(listener.local_addr()?)?;
//! # client.write_all(b"hello")?;
//! # drop(client);
//! let mut connection: Option<TcpStream> = None;
//! let mut received = Vec::new();
//! 'serving: loop {
//!     poll.poll(&mut events, None)?;
//!     for event in &events {
//!         match event.token() {
//!             // Rule 1: accept until it would block.
//!             Token(0) => loop {
//!                 match listener.accept() {
//!                     Ok((mut stream, _)) => {
//!                         poll.registry().register(&mut stream, Token(1), Interest::READABLE)?;
//!                         connection = Some(stream);
//!                     }
//!                     Err(error) if error.kind() == ErrorKind::WouldBlock => break,
//!                     Err(error) => return Err(error),
//!                 }
//!             },
//!             // Rule 1: read until it would block.
//!             _ => loop {
//!                 let mut buffer = [0; 4096];
//!                 match connection.as_mut().unwrap().read(&mut buffer) {
//!                     Ok(0) => break 'serving,
//!                     Ok(read) => received.extend_from_slice(&buffer[..read]),
//!                     Err(error) if error.kind() == ErrorKind::WouldBlock => break,
//!                     Err(error) => return Err(error),
//!                 }
//!             },
//!         }
//!     }
//! }
//! assert_eq!(received, b"hello");
//! # Ok(())
//! # }
//! # #[cfg(any(not(feature = "net"), target_env = "p1"))]
//! # fn main() {}
//! ```
//!
//! # The rules
//!
//! 1. **After an event, go on until [`WouldBlock`].** The types of [`net`](crate::net), [`stdio`](crate::stdio)
//!    and [`IoSource`] are *edge-triggered*: once a direction has been reported it is silent until an
//!    operation on it has said `WouldBlock`. A program that stops earlier may hear no more of it (natively the system may report what arrives anew; WASI does not). If it
//!    has to stop (to be fair to others, say), it must remember to go on without an event, or
//!    [`reregister`](crate::Registry::reregister), which reports what is ready once more.
//! 2. **Expect `WouldBlock` after an event all the same.** An event is a hint. Some hosts report too
//!    much, and another thread may have been quicker.
//! 3. **The end is a read of 0 bytes**, not an event. [`is_read_closed`](crate::event::Event::is_read_closed) may
//!    come earlier, and may not come at all. After the end the direction is silent.
//! 4. **An error belongs to its source.** It comes as an event that is readable, writable and
//!    [an error](crate::event::Event::is_error), on WASI 0.2, whose hosts say no more than "ready", as one that is just
//!    readable or writable; the next read or write returns what it was.
//!    [`Poll::poll`] itself fails only when the wait did.
//! 5. **Wait for what you need, or for both.** Interest in both directions costs nothing while idle: a
//!    connection is writable nearly always, reported once, and then silent until a write would block.
//! 6. **Do not wait for room to write first.** Write, and keep what was not taken until
//!    the source is writable again. How much to keep is the program's to bound.
//! 7. **What wasio does not see is level-triggered.** [`SourceFd`](crate::SourceFd) and
//!    [`Selector::register`](crate::Selector::register) are reported by each poll for as long as they are ready.
//!
//! # What a short read tells
//!
//! When a read of a stream returns fewer bytes than there was room for, the host had no more. wasio
//! arms the direction then and there, and answers the next read with `WouldBlock` itself: the
//! loop above costs one read of the host a message and not two. A program that reads on without polling gets the host's own answer
//! from the second read on. Not so on WASI 0.2, whose hosts call a stream ready until a read of it has found nothing: there each
//! read is one of the host.
//!
//! # Timers, and waking
//!
//! A [`Timer`](crate::time::Timer) is a source like any other. A [`Waker`](crate::Waker) makes the poll return from
//! another thread, where there are threads.
//!
//! # Names
//!
//! [`net::lookup`](crate::net::lookup) gives a source that yields the addresses of a name. Try them in their order: a
//! connection to the first one may fail where one to the second does not. `examples/src/bin/dns_and_dial.rs` does
//! that, with a deadline for each attempt.
//!
//! # What else WASI 0.2 can wait for
//!
//! On WASI 0.2 anything with a `pollable` is a source, by its handle: `wasio::Pollable`. So the answer to a request by
//! `wasi:http`, and the parts of its body, come in beside sockets. It is level-triggered: read what there is after
//! each event, or make it one-shot. Drop the `Pollable` before what it names, and that before its parent.
//! `examples/src/bin/everything.rs` shows it all in one poll.
//!
//! # One source of several kinds on every target
//!
//! On WASI 0.1 the host hands in listeners, on WASI 0.2 and natively a program binds its own; this serves all:
//!
//! ```
//! # #[cfg(feature = "net")]
//! # fn main() -> std::io::Result<()> {
//! use wasio::net::TcpListener;
//!
//! let address = "127.0.0.1:0".parse().unwrap();
//! let listener = TcpListener::preopened()?.map_or_else(|| TcpListener::bind(address), Ok)?;
//! # drop(listener);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "net"))]
//! # fn main() {}
//! ```
//!
//! [`Poll`]: crate::Poll
//! [`Poll::poll`]: crate::Poll::poll
//! [`Token`]: crate::Token
//! [`IoSource`]: crate::IoSource
//! [`WouldBlock`]: std::io::ErrorKind::WouldBlock
