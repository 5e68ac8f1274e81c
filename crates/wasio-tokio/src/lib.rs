#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

#[cfg(all(feature = "connector", not(target_env = "p1")))]
mod connector;
mod lookup;
#[cfg(all(target_os = "wasi", target_env = "p2", not(wasio_backend = "p3")))]
mod ready;
mod register;
mod stdio;
mod to_socket_addrs;

#[cfg(all(feature = "connector", not(target_env = "p1")))]
pub use self::connector::{Connecting, Connector};
pub use self::lookup::lookup_host;
#[cfg(all(target_os = "wasi", target_env = "p2", not(wasio_backend = "p3")))]
pub use self::ready::{AsPollable, ready};
pub use self::stdio::{Stderr, Stdin, Stdout, stderr, stdin, stdout};
pub use self::to_socket_addrs::ToSocketAddrs;
