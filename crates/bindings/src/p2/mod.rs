//! WASI 0.2.
//!
//! Generated bindings free the host's lists by Rust's allocator, although wasi-libc's has made
//! them, and they copy what wasio can have in its own buffers. Here each list goes through
//! [`wasio_realloc`], which sees to both.
//!
//! Why the imports are sound: the linker compares the type of each with the text of the interface,
//! which the custom section below describes (see `wit/README.md`). So the number and the types of
//! the arguments are right in any program that links. What no tool checks is the memory behind a
//! pointer: arguments are slices, and results are `repr(C)` types, whose layout by C's rules is
//! that of the component ABI (a variant is a byte and then a union of its cases). A handle is
//! valid, as it belongs to a resource that has not been dropped.

mod cli;
mod io;
mod lookup;
pub mod monotonic_clock;
mod network;
mod tcp;
mod udp;

pub use self::cli::{get_stderr, get_stdin, get_stdout};
pub use self::io::{InputStream, OutputStream, Pollable, StreamError, poll};
pub use self::lookup::{ResolveAddressStream, resolve_addresses};
pub use self::network::{ErrorCode, Network, instance_network};
pub use self::tcp::{ShutdownType, TcpSocket};
pub use self::udp::{IncomingDatagramStream, OutgoingDatagramStream, UdpSocket};
pub use crate::address::IpAddressFamily;

/// The description of the interfaces. The name of its section holds the version of this crate: the
/// linker joins sections of one name, and two descriptions in one would not be valid.
#[allow(
    dead_code,
    reason = "for the linker, which takes it as a custom section"
)]
#[unsafe(link_section = "component-type:wasio-bindings-0.1:wasi-0.2")]
static COMPONENT_TYPE: [u8; include_bytes!("../../wit/wasi-0.2.component-type").len()] =
    *include_bytes!("../../wit/wasi-0.2.component-type");

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

/// What each file with imports names, so that the linker takes the section with the import.
fn describe_imports() {}

/// Has the section linked with the imports of this file.
macro_rules! described {
    () => {
        #[used]
        static DESCRIBED: fn() = super::describe_imports;
    };
}

use described;
