//! Where the lists go that WASI 0.2 returns to [wasio](https://docs.rs/wasio). A part of wasio, and
//! of no use without it.
//!
//! The component model has the host ask the program for the memory of each list that an import
//! returns. The host calls `cabi_import_realloc` for that or, where a program does not export
//! that, `cabi_realloc`, which wasi-libc defines by C's `realloc`. wasi-libc frees its own lists by
//! `free`. Rust frees a list by the program's global allocator, which may be another one. So this
//! crate defines `cabi_import_realloc`:
//!
//! * During a call that belongs to wasio, the first list is written to wasio's buffer if it fits.
//!   What else the host asks for is allocated by Rust's global allocator, which frees it later.
//! * In all other calls C's `realloc` allocates, as if this crate were not there.
//!
//! Nothing here is for WASI 0.3: there, the host may run another task of the program during a
//! call, and that task's lists must not land in wasio's buffer. With `--cfg wasio_backend="p3"`, as
//! on any target but `wasm32-wasip2`, this crate is empty.

#![cfg(all(
    any(test, all(target_os = "wasi", target_env = "p2")),
    not(wasio_backend = "p3")
))]

#[allow(unsafe_code, reason = "the allocation function of the component ABI")]
mod raw;

pub use raw::{List, owned, read_into};
