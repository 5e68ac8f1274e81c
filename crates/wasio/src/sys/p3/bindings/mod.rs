//! The interfaces of WASI 0.3 that wasio imports, written by hand, and the entry point.
//!
//! Why the imports are sound: the linker compares the type of each with the text of the interface,
//! which the custom section below describes (see `wit/README.md`). So the number and the types of
//! the arguments are right in any program that links. What no tool checks is the memory behind a
//! pointer: results are `repr(C)` types, whose layout by C's rules is that of the component ABI (a
//! variant is a byte and then a union of its cases). A handle is valid, as it belongs to a resource
//! that has not been dropped.
//!
//! A call or a read that has not ended uses the program's memory after the import has returned. That
//! memory is a box that belongs to the operation ([`call`], [`stream`], [`future`]). It is given back
//! when the event of the operation has come, or when the operation was cancelled.
//!
//! What would trap is refused by these types: each of them has at most one operation in flight, and
//! ends it before it is dropped.

mod call;
mod cli;
mod future;
mod memory;
pub(crate) mod monotonic_clock;
mod stream;
mod waitable;

#[cfg(all(wasio_waitables, feature = "net"))]
mod list;
#[cfg(all(wasio_waitables, feature = "net"))]
mod lookup;
#[cfg(all(wasio_waitables, feature = "net"))]
mod network;
#[cfg(all(wasio_waitables, feature = "net"))]
mod tcp;
#[cfg(all(wasio_waitables, feature = "net"))]
mod udp;

pub(crate) use self::call::{Call, Called};
#[cfg(wasio_waitables)]
pub(crate) use self::cli::write_stderr;
pub(crate) use self::cli::{CliResult, StreamFailure, read_stdin, write_stdout};
pub(crate) use self::future::{FutureResult, ResultFuture};
pub(crate) use self::stream::{Moved, ReadEnd, WriteEnd};
pub(crate) use self::waitable::{
    Event, in_flight, join_set, leave_set, poll_event, wait_for_event, yield_to_host,
};

#[cfg(all(wasio_waitables, feature = "net"))]
pub(crate) use self::lookup::{Addresses, Resolve, resolve_addresses};
#[cfg(all(wasio_waitables, feature = "net"))]
pub(crate) use self::network::{ErrorCode, NetResult, SocketError, SocketResult};
#[cfg(all(wasio_waitables, feature = "net"))]
pub(crate) use self::tcp::{Accepted, Connect, Incoming, TcpSocket};
#[cfg(all(wasio_waitables, feature = "net"))]
pub(crate) use self::udp::{Datagram, Receive, Send, UdpSocket};
#[cfg(all(wasio_waitables, feature = "net"))]
pub(crate) use wasio_bindings::address::IpAddressFamily;

/// The description of the interfaces. The name of its section holds the version of wasio: the
/// linker joins sections of one name, and two descriptions in one would not be valid.
#[cfg(wasio_waitables)]
#[allow(
    dead_code,
    reason = "for the linker, which takes it as a custom section"
)]
#[unsafe(link_section = "component-type:wasio-0.1:wasi-0.3")]
static COMPONENT_TYPE: [u8; include_bytes!("../../../../wit/wasi-0.3.component-type").len()] =
    *include_bytes!("../../../../wit/wasi-0.3.component-type");

const _: () = {
    let version = (
        env!("CARGO_PKG_VERSION_MAJOR").as_bytes(),
        env!("CARGO_PKG_VERSION_MINOR").as_bytes(),
    );
    assert!(
        matches!(version, (b"0", b"1")),
        "the section's name has another version"
    );
};

/// What each file with imports names, so that the linker takes the section with the import, and the
/// entry point with the section.
fn describe_imports() {}

/// Has the section linked with the imports of this file.
macro_rules! described {
    () => {
        #[used]
        static DESCRIBED: fn() = super::describe_imports;
    };
}

use described;

#[cfg(wasio_waitables)]
unsafe extern "C" {
    safe fn __wasm_call_ctors();
    safe fn __main_void() -> i32;
    safe fn __wasm_call_dtors();
    safe fn exit(code: i32) -> !;
}

/// Runs `fn main`, as the entry point of WASI 0.2 does that the standard library links. A program
/// has both, and a host of 0.3 takes this one: here a wait may block. 0 is success.
#[cfg(wasio_waitables)]
#[unsafe(export_name = "wasi:cli/run@0.3.0#run")]
extern "C" fn run() -> i32 {
    __wasm_call_ctors();
    let code = __main_void();
    if code != 0 {
        exit(code);
    }
    __wasm_call_dtors();
    0
}
