//! The shared selector: a model that every backend runs, and a backend of the tests' own.

#[cfg(test)]
mod backoff;
mod completions;
pub(crate) mod model;
#[cfg(test)]
mod random;
#[cfg(test)]
pub(crate) mod said;
#[cfg(test)]
mod select;
pub(crate) mod world;
