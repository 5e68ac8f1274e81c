//! The shared selector: a model that every backend runs, and a backend of the tests' own.

#[cfg(all(test, not(target_os = "wasi")))]
mod backoff;
#[cfg(not(target_os = "wasi"))]
mod completions;
pub(crate) mod faults;
#[cfg(not(target_os = "wasi"))]
pub(crate) mod model;
#[cfg(all(test, not(target_os = "wasi")))]
mod random;
#[cfg(all(test, not(target_os = "wasi")))]
pub(crate) mod said;
#[cfg(all(test, not(target_os = "wasi")))]
mod select;
#[cfg(not(target_os = "wasi"))]
pub(crate) mod world;
