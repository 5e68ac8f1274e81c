//! Tells the crate whether the target has threads, and whether its sources are pollables.
//!
//! `wasm32-wasip1` and `wasm32-wasip1-threads` print the same `cfg`s on stable
//! Rust, so the target's name is the only difference that can be read.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(wasio_threads, wasio_pollables)");
    let target = std::env::var("TARGET").unwrap_or_default();
    if target.starts_with("wasm32-wasip2") {
        println!("cargo::rustc-cfg=wasio_pollables");
    }
    if !target.starts_with("wasm32-wasi") || target.ends_with("-threads") {
        println!("cargo::rustc-cfg=wasio_threads");
    }
}
