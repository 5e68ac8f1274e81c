//! The imports of WASI that [wasio](https://docs.rs/wasio) makes, written by hand. A part of wasio,
//! and of little use without it.
//!
//! `p2` has the imports of WASI 0.2, on the target that has them. Those of 0.3 are in wasio, with the
//! operations that they start. Both stand on [`abi`] and [`address`]. The imports of WASI 0.1 are
//! functions of one module, and wasio's own.

#![no_std]

#[cfg(all(target_os = "wasi", target_env = "p2", not(wasio_backend = "p3")))]
extern crate alloc;

#[allow(
    missing_debug_implementations,
    reason = "unions, of which no case is known"
)]
#[allow(unsafe_code, reason = "what the host writes")]
pub mod abi;
#[allow(
    missing_debug_implementations,
    reason = "unions, of which no case is known"
)]
#[allow(unsafe_code, reason = "what the host writes")]
pub mod address;
#[cfg(all(target_os = "wasi", target_env = "p2", not(wasio_backend = "p3")))]
#[allow(unsafe_code, reason = "the only door to the host")]
pub mod p2;
