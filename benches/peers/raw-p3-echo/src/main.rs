//! An echo server directly on the functions of WASI 0.3. Each connection has one read or one write
//! in flight, and nothing is cancelled. It costs the least that an echo server can cost there.
#![deny(unsafe_code)]

#[cfg(all(target_os = "wasi", target_env = "p2"))]
#[allow(unsafe_code, reason = "the only door to the host")]
mod raw;
#[cfg(all(target_os = "wasi", target_env = "p2"))]
mod server;

#[cfg(all(target_os = "wasi", target_env = "p2"))]
fn main() {
    serve();
}

/// Both entry points of the program call this.
#[cfg(all(target_os = "wasi", target_env = "p2"))]
fn serve() {
    if let Err(call) = server::run() {
        eprintln!("{call} failed");
        std::process::exit(1);
    }
}

#[cfg(not(all(target_os = "wasi", target_env = "p2")))]
fn main() {
    eprintln!("raw-p3-echo runs on WASI 0.3 only: build it for wasm32-wasip2");
    std::process::exit(2);
}
