//! Readiness events and the sources they come from.

#[allow(clippy::module_inception, reason = "mio's layout")]
mod event;
mod events;
mod readiness;
mod source;

pub use self::event::Event;
pub use self::events::{Events, Iter};
pub(crate) use self::readiness::Readiness;
pub use self::source::Source;
pub(crate) use self::source::source_by_field;
