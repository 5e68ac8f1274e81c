//! The loop in its shortest form.
//!
//! 1. A [`Poll`](crate::Poll) waits; its [`Registry`](crate::Registry) takes the sources.
//! 2. Each source is registered under a [`Token`](crate::Token) with an [`Interest`](crate::Interest).
//! 3. The loop waits, and handles each event until the source says `WouldBlock`.
//!
#![cfg_attr(all(feature = "net", not(target_os = "wasi")), doc = "```")]
#![cfg_attr(not(all(feature = "net", not(target_os = "wasi"))), doc = "```ignore")]
//! use std::io::ErrorKind;
//! use mio::net::TcpListener;
//! use mio::{Events, Interest, Poll, Token};
//!
//! # fn main() -> std::io::Result<()> {
//! const SERVER: Token = Token(0);
//! let mut poll = Poll::new()?;
//! let mut events = Events::with_capacity(128);
//! let mut listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
//! poll.registry().register(&mut listener, SERVER, Interest::READABLE)?;
//! # let _client = std::net::TcpStream::connect(listener.local_addr()?)?;
//!
//! let mut served = 0;
//! while served == 0 {
//!     poll.poll(&mut events, None)?;
//!     for event in events.iter().filter(|event| event.token() == SERVER) {
//!         assert!(event.is_readable());
//!         loop {
//!             match listener.accept() {
//!                 Ok((_connection, _peer)) => served += 1,
//!                 Err(error) if error.kind() == ErrorKind::WouldBlock => break,
//!                 // The listener goes on: a peer has left, or no descriptor is free.
//!                 Err(error) => {
//!                     eprintln!("accept: {error}");
//!                     break;
//!                 }
//!             }
//!         }
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The rules behind it are in the guide of wasio.
