//! The 0.3 backend against a scripted host, in virtual time. The host has the functions that the
//! bindings import, so that these run natively as they are. The test of scale is also built for WASI
//! 0.1, as one guest with the scripted host: `wasio-host` counts its instructions.

mod host;
#[allow(unsafe_code, reason = "the functions that the bindings import")]
mod imports;
#[cfg(not(target_os = "wasi"))]
mod misuse;
#[cfg(not(target_os = "wasi"))]
mod model;
mod peer;
mod rig;
mod rules;
mod scale;
#[cfg(not(target_os = "wasi"))]
mod streams;
