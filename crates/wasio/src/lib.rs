#![cfg_attr(feature = "net", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "net"),
    doc = "Event-driven I/O for WebAssembly, without `net`: see the guide."
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod event;
pub mod guide;
mod interest;
mod io_outcome;
mod io_source;
mod log;
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
pub mod time;
mod token;
mod waker;

pub use self::event::Events;
pub use self::interest::Interest;
pub use self::io_source::IoSource;
pub use self::poll::{Poll, PollBuilder, Registry};
#[cfg(wasio_pollables)]
pub use self::pollable::Pollable;
pub use self::selector::{Mode, RawDescriptor, Selector};
#[cfg(any(unix, target_os = "wasi"))]
pub use self::source_fd::SourceFd;
#[cfg(wasio_pollables)]
pub use self::sys::HostError;
pub use self::token::Token;
pub use self::waker::Waker;

pub(crate) use self::log::trace;
