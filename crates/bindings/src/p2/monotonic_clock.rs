//! `wasi:clocks/monotonic-clock`.

use super::io::Pollable;

super::described!();

#[link(wasm_import_module = "wasi:clocks/monotonic-clock@0.2.12")]
unsafe extern "C" {
    #[link_name = "now"]
    safe fn wasi_now() -> u64;
    #[link_name = "subscribe-instant"]
    safe fn wasi_subscribe_instant(when_ns: u64) -> Pollable;
    #[link_name = "subscribe-duration"]
    safe fn wasi_subscribe_duration(duration_ns: u64) -> Pollable;
}

pub fn now() -> u64 {
    wasi_now()
}

pub fn subscribe_instant(when_ns: u64) -> Pollable {
    wasi_subscribe_instant(when_ns)
}

pub fn subscribe_duration(duration_ns: u64) -> Pollable {
    wasi_subscribe_duration(duration_ns)
}
