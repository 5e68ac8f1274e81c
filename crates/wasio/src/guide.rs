//! The guide: the loop, and the rules that keep it from stalling or spinning.
//!
//! # One loop
//!
//! A program registers its sources with a [`Poll`], each under a [`Token`] of its choice. Then it
//! loops: it waits until any source is ready, and handles the events.
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
//!                     // The listener goes on: see "Accepting connections".
//!                     Err(error) => {
//!                         eprintln!("accept: {error}");
//!                         break;
//!                     }
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
//! 1. **After an event, continue until [`WouldBlock`].** The types of [`net`],
//!    [`stdio`](crate::stdio) and [`IoSource`] are *edge-triggered*: once a direction has been
//!    reported, it is not reported again until an operation in that direction has returned
//!    `WouldBlock`. A program that stops earlier may never get another event for the rest. If it
//!    has to stop, to be fair to other sources for example, it must either remember to continue
//!    without an event, or call [`reregister`], which reports the source again if it is still
//!    ready. Natively there may be another event, with both directions in it, whenever more
//!    arrives: not reading does not silence a source.
//! 2. **Expect `WouldBlock` even right after an event.** An event is a hint. Some hosts report
//!    sources that are not ready, and another thread may have taken the data first. If that happens
//!    repeatedly, the source is reported with a growing delay of at most 256 ms, so that it does
//!    not keep the loop awake. The delay ends when an operation succeeds.
//! 3. **The end of a stream is a read of 0 bytes**, not an event. [`is_read_closed`] may be set
//!    earlier, and may never be set. After the end the direction is not reported again.
//! 4. **An error belongs to its source.** It arrives as an event that is readable, writable and
//!    [an error](crate::event::Event::is_error). On WASI 0.2 and 0.3 the event is just readable or
//!    writable. The next read or write returns the error itself. [`Poll::poll`] fails only if the
//!    wait itself failed.
//! 5. **Register for what you need, or simply for both directions.** Registering for both is free:
//!    writability is reported once, and then not again until a write has returned `WouldBlock`.
//! 6. **Write first, wait second.** Do not wait for a writable event before a write. Write, keep
//!    what was not accepted, and send it when the source is writable again. Bound your write
//!    buffers: a peer that does not read must not be able to fill your memory.
//! 7. **Where wasio does not see the I/O, a source is level-triggered.** [`SourceFd`] and
//!    [`Selector::register`](crate::Selector::register) report a descriptor in every poll for as
//!    long as it is ready.
//!
//! # Accepting connections
//!
//! Most errors of `accept` concern one connection, and the listener continues to work. A server
//! that stops at the first error can be stopped by any peer, so distinguish four cases:
//!
//! * [`WouldBlock`]: no connection is waiting. Wait for the next event.
//! * `ConnectionAborted`, `ConnectionReset`: a peer left before it was accepted. Accept the next
//!   one. The same goes for `Interrupted`, which a signal causes.
//! * The socket is closed, or is no listener (`InvalidInput`, `NotConnected` or "bad descriptor"):
//!   no later `accept` can succeed. This is the only kind of error that ends a listener, and it is
//!   a mistake in the program. Give up.
//! * Any other error: no connection can be accepted now. Usually too many files are open. Leave the
//!   accept loop, and try again later.
//!
//! To try again later, just poll. The listener stays registered and is reported again: at once the
//! first times, and after 256 ms at most while `accept` keeps failing. To be quicker, call
//! [`reregister`] as soon as a connection has been closed. Do not retry in a loop of your own: that
//! spins for as long as there is no free descriptor. WASI 0.2 has no error code for "too many open
//! files", so a host may report it as `Other`.
//!
#![cfg_attr(feature = "net", doc = "```")]
#![cfg_attr(not(feature = "net"), doc = "```ignore")]
//! use std::io::{self, ErrorKind};
//! use wasio::net::{TcpListener, TcpStream};
//!
//! /// Accepts all waiting connections. After an error that it returns, the caller either gives up,
//! /// or waits for the next event.
//! fn accept_all(listener: &TcpListener, mut handle: impl FnMut(TcpStream)) -> io::Result<()> {
//!     loop {
//!         match listener.accept() {
//!             Ok((stream, _peer)) => handle(stream),
//!             Err(error) => match error.kind() {
//!                 ErrorKind::WouldBlock => return Ok(()),
//!                 ErrorKind::ConnectionAborted
//!                 | ErrorKind::ConnectionReset
//!                 | ErrorKind::Interrupted => {}
//!                 _ => return Err(error),
//!             },
//!         }
//!     }
//! }
//! # let _ = |listener: &TcpListener| accept_all(listener, drop);
//! ```
//!
//! # Short reads
//!
//! A read of a stream that returns fewer bytes than the buffer has room for shows that the host has
//! no more data. On WASI 0.1 wasio makes use of that. It arms the direction at once, and answers
//! the next read with `WouldBlock` without calling the host, so the loop above needs one host call
//! per message instead of two. Only that one read is answered so: a program that continues to read
//! without polling gets the host's answer from then on.
//!
//! On WASI 0.2 a short read proves nothing, because hosts report a stream as ready until a read of
//! it finds no data. Each read there is a host call. On WASI 0.3 short reads work as on 0.1.
//!
//! # Timers and wake-ups
//!
//! A [`Timer`] is a source like any other. A [`Waker`](crate::Waker) makes the poll return. Where
//! there are threads, any of them may call it.
//!
//! # Host names
//!
//! [`net::lookup`] makes a source that yields the addresses of a name. Try them in order: the first
//! may be unreachable and the second not. `examples/src/bin/dns_and_dial.rs` does so, with a
//! deadline for each attempt.
//!
//! # Other pollables and waitables
//!
//! On WASI 0.2, `wasio::Pollable` turns the handle of any `pollable` into a source. The response to
//! a `wasi:http` request and the parts of its body then arrive in the same poll as sockets. Such a
//! source is level-triggered, so consume what is ready after each event, or make it one-shot. Drop
//! the `Pollable` before the pollable that it names, and that one before its parent resource: the
//! host traps otherwise. `examples/src/bin/everything.rs` shows all of this in one poll.
//!
//! On WASI 0.3, `wasio::Waitable` does the same for a stream, a future or a subtask of any
//! bindings.
//!
//! # A listener on every target
//!
//! A WASI 0.1 program cannot bind a socket: its host opens the listener and passes it in. On WASI
//! 0.2, 0.3 and natively the program binds one itself. This serves all of them:
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
//! [`Timer`]: crate::time::Timer
//! [`WouldBlock`]: std::io::ErrorKind::WouldBlock
//! [`is_read_closed`]: crate::event::Event::is_read_closed
//! [`reregister`]: crate::Registry::reregister
#![cfg_attr(feature = "net", doc = "[`net`]: crate::net")]
#![cfg_attr(feature = "net", doc = "[`net::lookup`]: crate::net::lookup")]
#![cfg_attr(not(feature = "net"), doc = "[`net`]: crate#features")]
#![cfg_attr(not(feature = "net"), doc = "[`net::lookup`]: crate#features")]
#![cfg_attr(any(unix, target_os = "wasi"), doc = "[`SourceFd`]: crate::SourceFd")]
#![cfg_attr(
    not(any(unix, target_os = "wasi")),
    doc = "[`SourceFd`]: crate#supported-platforms"
)]
