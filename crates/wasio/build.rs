//! Tells the crate whether the target has threads, and what its sources are.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(wasio_threads, wasio_resources)");
    println!("cargo::rustc-check-cfg=cfg(wasio_pollables, wasio_waitables)");
    let is_wasi = variable("CARGO_CFG_TARGET_OS") == "wasi";
    if is_wasi {
        for kind in kinds() {
            println!("cargo::rustc-cfg={kind}");
        }
    }
    // `wasm32-wasip1` and `wasm32-wasip1-threads` print the same `cfg`s on stable Rust, so the
    // target's name is the only difference that can be read.
    if !is_wasi || variable("TARGET").ends_with("-threads") {
        println!("cargo::rustc-cfg=wasio_threads");
    } else if has_atomics() {
        // What one thread has to itself without threads would be shared without a lock.
        println!(
            "cargo::error=this target has atomics, hence may have threads, and wasio does not know \
             of them: build for wasm32-wasip1-threads, or for a target whose name ends with -threads"
        );
    }
}

/// What the sources of a version are: WASI 0.2 and 0.3 have resources in place of descriptors.
fn kinds() -> &'static [&'static str] {
    let is_p3 = variable("CARGO_CFG_WASIO_BACKEND") == "p3";
    match variable("CARGO_CFG_TARGET_ENV").as_str() {
        "p3" => &["wasio_resources", "wasio_waitables"],
        "p2" if is_p3 => &["wasio_resources", "wasio_waitables"],
        "p2" => &["wasio_resources", "wasio_pollables"],
        _ => &[],
    }
}

/// Whether memory may be shared between threads. On stable Rust the feature, which is not stable,
/// shows in the flags alone.
fn has_atomics() -> bool {
    let features = variable("CARGO_CFG_TARGET_FEATURE");
    let flags = variable("CARGO_ENCODED_RUSTFLAGS");
    features.split(',').any(|feature| feature == "atomics") || flags.contains("+atomics")
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}
