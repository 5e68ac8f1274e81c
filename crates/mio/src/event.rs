//! Readiness events and the sources they come from.

pub use wasio::event::{Event, Events, Iter, Source};
