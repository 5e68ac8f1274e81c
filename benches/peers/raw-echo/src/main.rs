//! An echo server directly on `poll_oneoff`. It passes one flat array of all subscriptions to the
//! host, and reads each reported connection once. Its speed is that of the host, without a library
//! in between.
#![deny(unsafe_code)]

#[cfg(target_os = "wasi")]
#[allow(unsafe_code, reason = "the only door to the host")]
mod raw;
#[cfg(target_os = "wasi")]
mod server;

#[cfg(target_os = "wasi")]
fn main() {
    let error = server::run();
    eprintln!("poll_oneoff: errno {}", error.0);
    std::process::exit(1);
}

#[cfg(not(target_os = "wasi"))]
fn main() {
    eprintln!("raw-echo runs on WASI 0.1 only: build it for wasm32-wasip1");
    std::process::exit(2);
}
