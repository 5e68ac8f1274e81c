//! Runs guests, by two versions of wasmtime: see [`on46`] and [`on48`].

mod capture;
mod cpu_meter;
mod exit;
mod guest_file;
mod guest_state;
mod on46;
mod on48;
mod program;
#[allow(
    unsafe_code,
    reason = "calls of the operating system that have no safe wrapper"
)]
mod raw;
mod runner;
mod running;
mod stdio;

pub use exit::Exit;
pub use program::Wasi;
pub use runner::Runner;
pub use running::{Counts, Outcome, Running};
pub use stdio::Stdin;

/// Stops wasmtime from capturing a backtrace with each error that it builds.
///
/// `wasi-common` builds an error for every would-block; with `RUST_BACKTRACE=1`
/// in the environment each costs 12 to 17 µs, which makes a host up to 20 times
/// slower. Panics still show their backtrace, and traps the stack of the guest.
///
/// wasmtime has this switch for its tests alone. Its versions are fixed in
/// `Cargo.toml`, and a test of this crate sees whether it still works.
pub fn quiet_backtraces() {
    wasmtime46::error::disable_backtrace();
    wasmtime::error::disable_backtrace();
}
