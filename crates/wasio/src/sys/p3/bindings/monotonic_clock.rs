//! `wasi:clocks/monotonic-clock`.

use super::call::{Called, call};

super::described!();

#[cfg_attr(
    wasio_waitables,
    link(wasm_import_module = "wasi:clocks/monotonic-clock@0.3.0")
)]
unsafe extern "C" {
    #[link_name = "now"]
    safe fn wasi_now() -> u64;
    #[link_name = "[async-lower]wait-until"]
    safe fn wasi_wait_until(when_ns: u64) -> u32;
}

pub(crate) fn now() -> u64 {
    wasi_now()
}

/// Returns at this time.
pub(crate) fn wait_until(when_ns: u64) -> Called<(), ()> {
    // SAFETY: the import has no arguments in memory, and no result.
    unsafe { call((), |_, _| wasi_wait_until(when_ns)) }
}
