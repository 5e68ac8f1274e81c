//! The backends: one folder per interface version, with the same file names for the same things.
//! `resources` is what WASI 0.2 and 0.3 share. It uses of each: `error::checked`, `target::Target`,
//! `lookup::Answer`, `net::{datagrams, host_listener, host_stream}`, and the types of the bindings.
//!
//! This file holds the contract and the only choice of backend: nothing outside it mentions
//! `target_env`. Each backend provides, and the compiler checks:
//!
//! * `Selector`: the shared selector over the backend's implementation of
//!   [`Backend`](crate::portable::Backend), which is the contract;
//! * `Record`: the host's own event record, which `{:#?}` of an event prints;
//! * `net`, `options`, `lookup` and `stdio`: what the public types of those names do on this platform.

#[cfg_attr(all(target_os = "wasi", target_env = "p1"), path = "p1/mod.rs")]
#[cfg_attr(wasio_pollables, path = "p2/mod.rs")]
#[cfg_attr(wasio_waitables, path = "p3/mod.rs")]
#[cfg_attr(not(target_os = "wasi"), path = "native/mod.rs")]
mod imp;

#[cfg(not(any(
    all(
        target_os = "wasi",
        any(target_env = "p1", target_env = "p2", target_env = "p3")
    ),
    windows,
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly",
)))]
compile_error!(
    "wasio has no backend for this target: it has one for WASI 0.1, 0.2 and 0.3, Linux, Android, Apple's \
     systems, FreeBSD, NetBSD, OpenBSD, DragonFly BSD and Windows \
     (see \"Supported platforms\" in wasio's README)"
);

#[cfg(all(feature = "net", any(unix, target_env = "p1")))]
mod hand_out;
#[cfg(any(wasio_resources, all(any(test, fuzzing), not(loom))))]
mod poll_fd;
#[cfg(wasio_resources)]
mod resources;

#[cfg(all(feature = "net", any(unix, target_env = "p1")))]
use self::hand_out::HandOut;

// The selectors of WASI are tested natively, against scripted hosts. That of 0.3 is on 0.1, too, where
// instructions are counted.
#[cfg(all(any(test, fuzzing), not(target_os = "wasi"), not(loom)))]
#[cfg_attr(not(test), allow(dead_code, reason = "the fuzzer uses a part of it"))]
pub(crate) mod p1;
#[cfg(all(any(test, fuzzing), not(target_os = "wasi"), not(loom)))]
#[cfg_attr(not(test), allow(dead_code, reason = "the fuzzer uses a part of it"))]
pub(crate) mod p2;
#[cfg(all(test, any(unix, target_env = "p1"), not(loom)))]
#[allow(dead_code, reason = "what the sockets alone use")]
mod p3;

#[cfg(all(test, loom))]
#[path = "p1/parker.rs"]
mod parker;

pub(crate) use self::imp::stdio;
#[cfg(wasio_waitables)]
pub(crate) use self::imp::{Foreign, offered_of};
pub(crate) use self::imp::{Record, Selector};
#[cfg(wasio_resources)]
pub use self::resources::host_error::HostError;
#[cfg(feature = "task")]
pub(crate) type WeakSelector = <Selector as crate::portable::Downgrade>::Weak;
#[cfg(wasio_pollables)]
pub(crate) use self::imp::{Target, forget_pollable};
#[cfg(all(feature = "net", not(wasio_resources)))]
pub(crate) use self::imp::{lookup, net, options};
#[cfg(all(feature = "net", wasio_resources))]
pub(crate) use self::resources::{lookup, net, options};

/// How much of a write the host is offered at once. It is all of it, but on WASI 0.3.
#[cfg(not(wasio_waitables))]
pub(crate) const fn offered_of(len: usize) -> usize {
    len
}

/// The sum of the lengths of buffers. The same bytes may be listed more than once, so that it may be
/// more than a `usize` holds.
#[cfg(feature = "net")]
pub(crate) fn total_len(lens: impl Iterator<Item = usize>) -> usize {
    lens.fold(0, usize::saturating_add)
}

const _: () = {
    const fn implements<B: crate::portable::Backend>(
        _: fn(crate::portable::Selector<B>) -> Selector,
    ) {
    }
    implements(|selector| selector);
};
