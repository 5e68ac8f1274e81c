//! The shared selector: a model that every backend runs, and a backend of the tests' own.

mod backoff;
mod completions;
pub(crate) mod model;
mod random;
pub(crate) mod said;
mod select;
