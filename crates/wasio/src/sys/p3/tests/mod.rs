//! The 0.3 backend against a scripted host, in virtual time. The host has the functions that the
//! bindings import, so that these run natively as they are.

mod host;
#[allow(unsafe_code, reason = "the functions that the bindings import")]
mod imports;
mod misuse;
mod model;
mod peer;
mod rig;
mod rules;
mod scale;
mod streams;
