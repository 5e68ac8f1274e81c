#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(all(windows, feature = "os-ext"))]
compile_error!(
    "the mio of wasio has no `windows::NamedPipe`, which the feature `os-ext` promises: \
     see the section \"Windows\" in crates/mio/README.md"
);

pub mod event;
pub mod features;
pub mod guide;
#[cfg(feature = "net")]
pub mod net;
mod poll;
#[cfg(any(
    all(unix, any(feature = "net", feature = "os-ext")),
    all(target_os = "wasi", target_env = "p2", feature = "net")
))]
mod raw;
#[cfg(any(
    all(unix, any(feature = "net", feature = "os-ext")),
    all(target_os = "wasi", target_env = "p2", feature = "net")
))]
mod source;
#[cfg(all(unix, feature = "os-ext"))]
pub mod unix;
#[cfg(all(target_os = "wasi", feature = "os-ext"))]
pub mod wasi;

#[doc(no_inline)]
pub use self::event::Events;
pub use self::poll::Poll;
#[doc(no_inline)]
pub use wasio::{Interest, Registry, Token, Waker};
