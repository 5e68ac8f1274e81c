//! Futures of the readiness of any source, in the poll that this thread waits in, and a small
//! executor for programs that want no other (feature `task`).
//!
//! [`Async`] makes futures of a source: standard input, a name look-up, a socket, a timer, on WASI
//! 0.2 any `pollable`. Its names are those of the crate async-io, and streams of bytes have the traits
//! of futures-io. The source is registered with the poll that this thread waits in:
//!
//! * In a program on tokio, with wasio's drop-in replacement for mio, that is the poll of tokio's
//!   driver: the source is awaited beside tokio's own sockets, in the one wait that there is.
//! * In [`block_on`], it is the poll of `block_on`.
//!
//! # Examples
//!
//! An echo server. Each connection is a task:
//!
#![cfg_attr(feature = "net", doc = "```")]
#![cfg_attr(not(feature = "net"), doc = "```ignore")]
//! use std::io::{self, ErrorKind};
//! use wasio::net::{TcpListener, TcpStream};
//! use wasio::task::{self, Async};
//!
//! async fn serve(listener: Async<TcpListener>) -> io::Result<()> {
//!     loop {
//!         match listener.accept().await {
//!             Ok((stream, _peer)) => task::spawn(async move {
//!                 let _ = echo(stream).await; // The peer has gone.
//!             })?
//!             .detach(),
//!             // The guide says which errors a server should survive.
//!             Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
//!             Err(error) => return Err(error),
//!         }
//!     }
//! }
//!
//! async fn echo(stream: Async<TcpStream>) -> io::Result<()> {
//!     let mut buffer = [0; 4096];
//!     loop {
//!         let count = stream.read(&mut buffer).await?;
//!         if count == 0 {
//!             return Ok(());
//!         }
//!         stream.write_all(&buffer[..count]).await?;
//!     }
//! }
//! # #[cfg(not(target_env = "p1"))]
//! # fn main() -> io::Result<()> {
//! #     task::block_on(async {
//! #         let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
//! #         let address = listener.local_addr()?;
//! #         task::spawn(serve(Async::new(listener)?))?.detach();
//! #         let client = Async::<TcpStream>::connect(address).await?;
//! #         client.write_all(b"hello").await?;
//! #         let mut answer = [0; 5];
//! #         let mut got = 0;
//! #         while got < answer.len() {
//! #             got += client.read(&mut answer[got..]).await?;
//! #         }
//! #         assert_eq!(&answer, b"hello");
//! #         Ok(())
//! #     })?
//! # }
//! # #[cfg(target_env = "p1")]
//! # fn main() {}
//! ```

mod budget;
mod executor;
mod io;
#[cfg(feature = "net")]
mod net;
mod owned;
mod polls;
mod reactor;
mod ready;
mod registered;
mod sleep;
mod streams;
mod tasks;

pub use self::executor::{Task, block_on, spawn};
pub use self::io::Async;
#[cfg(feature = "net")]
pub use self::net::Incoming;
pub use self::owned::{ReadableOwned, WritableOwned};
pub use self::polls::polls;
pub use self::ready::{Readable, Writable};
pub use self::sleep::{Sleep, sleep, sleep_until};

pub(crate) use self::polls::{entered, waits_in};
