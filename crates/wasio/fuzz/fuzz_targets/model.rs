//! Random programs on scripted hosts: see `wasio::fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wasio::fuzz::run(data));
