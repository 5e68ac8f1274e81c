//! Event-driven I/O for WebAssembly: one readiness loop, with [mio]'s API and vocabulary, on every
//! version of WASI and natively.
//!
//! A program registers its sources with a [`Poll`]. One call, [`Poll::poll`], then waits for all of
//! them, and returns an event for each source that is ready. A source is a TCP or UDP socket, a name
//! look-up, a [timer](time), standard input, or, on WASI 0.2 and 0.3, anything with a `pollable` or
//! a waitable. A [`Waker`] ends the wait from elsewhere: from another thread, where there are any.
//!
//! The [guide] explains the loop, and the rules that keep it from stalling or spinning.
//!
//! # Usage
//!
//! ```toml
//! [dependencies]
//! wasio = "0.1" # Not published yet: until then, the path of a checkout's crates/wasio.
//! ```
//!
//! An echo server. The same file compiles for every target in the table below:
//!
#![cfg_attr(feature = "net", doc = "```no_run")]
#![cfg_attr(not(feature = "net"), doc = "```ignore")]
//! use std::collections::HashMap;
//! use std::io::{self, ErrorKind, Read, Write};
//!
//! use wasio::net::{TcpListener, TcpStream};
//! use wasio::{Events, Interest, Poll, Token};
//!
//! const LISTENER: Token = Token(0);
//!
//! fn main() -> io::Result<()> {
//!     // On WASI 0.1 the host opens the listener. Elsewhere the program binds one.
//!     let mut listener = match TcpListener::preopened()? {
//!         Some(listener) => listener,
//!         None => TcpListener::bind("127.0.0.1:7777".parse().unwrap())?,
//!     };
//!     let mut poll = Poll::new()?;
//!     let mut events = Events::with_capacity(1024);
//!     poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
//!
//!     let mut streams = HashMap::new();
//!     let mut next = Token(1);
//!     loop {
//!         poll.poll(&mut events, None)?;
//!         for event in &events {
//!             if event.token() == LISTENER {
//!                 // Accept until there are no more connections.
//!                 loop {
//!                     let mut stream = match listener.accept() {
//!                         Ok((stream, _peer)) => stream,
//!                         Err(error) if error.kind() == ErrorKind::WouldBlock => break,
//!                         // The listener goes on: most often no descriptor is free.
//!                         Err(error) => {
//!                             eprintln!("accept: {error}");
//!                             break;
//!                         }
//!                     };
//!                     poll.registry().register(&mut stream, next, Interest::READABLE)?;
//!                     streams.insert(next, stream);
//!                     next.0 += 1;
//!                 }
//!             } else if let Some(stream) = streams.get_mut(&event.token()) {
//!                 if !echo(stream).unwrap_or(false) {
//!                     // Dropping the stream deregisters it.
//!                     streams.remove(&event.token());
//!                 }
//!             }
//!         }
//!     }
//! }
//!
//! /// Sends back what has arrived. Returns whether the connection is still open.
//! fn echo(stream: &mut TcpStream) -> io::Result<bool> {
//!     let mut buffer = [0; 4096];
//!     loop {
//!         match stream.read(&mut buffer) {
//!             Ok(0) => return Ok(false),
//!             // A real server keeps what a slow peer does not take:
//!             // see examples/src/bin/echo.rs.
//!             Ok(count) => stream.write_all(&buffer[..count])?,
//!             Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
//!             Err(error) => return Err(error),
//!         }
//!     }
//! }
//! ```
//!
//! # With tokio, or with futures
//!
//! tokio and the crates on top of it run on wasio through its drop-in replacement for mio: see the
//! section "tokio" of the README. With the feature `task`, the module `task` makes futures of any
//! source, which can be awaited beside tokio's own. It also has a small executor for programs that
//! do not use tokio.
//!
//! # Features
//!
//! | feature | default | effect |
//! |---|---|---|
//! | `net` | on | [`net`]: TCP, UDP and name look-ups |
//! | `task` | off | `task`: futures of the readiness of sources, and a small executor |
//! | `log` | off | trace messages through the [`log`](https://docs.rs/log) crate |
//!
//! # Supported platforms
//!
//! | target | waits with | TCP | UDP, name look-ups | standard input | [`Waker`] |
//! |---|---|---|---|---|---|
//! | `wasm32-wasip1` | `poll_oneoff` | listeners that the host preopened, and connections accepted from them | no: the host has no such calls | yes | from the polling thread |
//! | `wasm32-wasip1-threads` | `poll_oneoff`, in slices: no host can interrupt a wait | as above | no | yes | from any thread |
//! | `wasm32-wasip2` | `wasi:io/poll` | yes | yes | yes | from the polling thread |
//! | `wasm32-wasip2` with `--cfg wasio_backend="p3"` | waitable sets of WASI 0.3 | yes | yes | yes | from the polling thread |
//! | Linux, Android | epoll | yes | yes | yes | from any thread |
//! | macOS, iOS, BSD | kqueue | yes | yes | yes | from any thread |
//! | Windows | IOCP | yes | yes | no | from any thread |
//!
//! [Timers](time) work on all of them. On any other target wasio does not compile. Linux and the
//! WASI targets are tested; macOS and Windows are only type-checked. `PLATFORM.md` in the repository
//! lists each behaviour on each platform, with the test that shows it. On WASI 0.2
//! `wasio::Pollable` makes a source of any `pollable`, on WASI 0.3 `wasio::Waitable` of any
//! waitable. On both, `wasio::HostError` keeps the host's error code.
//!
//! [mio]: https://docs.rs/mio
#![cfg_attr(feature = "net", doc = "[`net`]: crate::net")]
#![cfg_attr(not(feature = "net"), doc = "[`net`]: #features")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod descriptor;
mod errors;
pub mod event;
#[cfg(all(any(test, fuzzing), not(target_os = "wasi"), not(loom)))]
#[doc(hidden)]
pub mod fuzz;
pub mod guide;
mod interest;
mod io_outcome;
mod io_source;
mod lock;
mod log;
mod mode;
#[cfg(feature = "net")]
pub mod net;
mod poll;
#[cfg(wasio_pollables)]
mod pollable;
mod portable;
mod registration;
mod selector;
#[cfg(any(unix, target_os = "wasi"))]
mod source_fd;
pub mod stdio;
mod sys;
#[cfg(feature = "task")]
pub mod task;
pub mod time;
mod token;
#[cfg(wasio_waitables)]
mod waitable;
mod waker;

pub use self::descriptor::RawDescriptor;
pub use self::event::Events;
pub use self::interest::Interest;
pub use self::io_source::IoSource;
pub use self::mode::Mode;
pub use self::poll::{Poll, PollBuilder, Registry};
#[cfg(wasio_pollables)]
pub use self::pollable::Pollable;
pub use self::selector::Selector;
#[cfg(any(unix, target_os = "wasi"))]
pub use self::source_fd::SourceFd;
#[cfg(wasio_resources)]
pub use self::sys::HostError;
pub use self::token::Token;
#[cfg(wasio_waitables)]
pub use self::waitable::Waitable;
pub use self::waker::Waker;

pub(crate) use self::log::trace;

/// Compiles the code blocks of the README.
#[cfg(all(doctest, feature = "net"))]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
