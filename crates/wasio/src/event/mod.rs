//! Readiness events and the sources they come from.

#[allow(clippy::module_inception, reason = "mio's layout")]
mod event;
mod events;
mod source;

pub use self::event::Event;
pub(crate) use self::event::Readiness;
pub use self::events::{Events, Iter};
pub use self::source::Source;
pub(crate) use self::source::source_by_field;
