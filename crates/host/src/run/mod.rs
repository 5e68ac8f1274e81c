//! Runs guests, by wasmtime.

mod capture;
mod cpu_meter;
mod exit;
mod files;
mod guest_state;
mod http;
mod imports;
mod module;
mod plain01;
#[allow(
    unsafe_code,
    reason = "calls of the operating system that have no safe wrapper"
)]
mod raw;
mod runner;
mod running;
mod sockets01;
mod sockets02;
mod start;
mod stdio;
mod threads;

pub use exit::Exit;
pub use runner::{Runner, Wasi};
pub use running::{Counts, Outcome, Running};
pub use stdio::Stdin;

/// Stops wasmtime from capturing a backtrace with each error that it builds.
///
/// `wasi-common` builds an error for every would-block; with `RUST_BACKTRACE=1`
/// in the environment each costs 12 to 17 µs, which makes a host up to 20 times
/// slower. Panics still show their backtrace, and traps the stack of the guest.
///
/// wasmtime has this switch for its tests alone. Its version is fixed in
/// `Cargo.toml`, and a test of this crate sees whether it still works.
pub fn quiet_backtraces() {
    wasmtime::error::disable_backtrace();
}
