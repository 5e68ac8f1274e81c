//! The imports of WASI that [wasio](https://docs.rs/wasio) makes, written by hand. A part of wasio,
//! and of little use without it.
//!
//! There is a module per version of WASI whose interfaces are those of the component model, on the
//! targets that have it. The imports of WASI 0.1 are functions of one module, and wasio's own.

#![no_std]

#[cfg(all(target_os = "wasi", target_env = "p2", not(wasio_backend = "p3")))]
extern crate alloc;

#[cfg(all(target_os = "wasi", target_env = "p2", not(wasio_backend = "p3")))]
#[allow(unsafe_code, reason = "the only door to the host")]
pub mod p2;
