//! The record of the operating system that `{:#?}` of an event prints.

use polling::Event;

/// What the operating system reported.
#[derive(Copy, Clone, Debug)]
#[allow(
    dead_code,
    reason = "read by `Debug`, which the lint does not count as a use"
)]
pub(crate) enum Record {
    /// The operating system reported a source.
    Polling(Event),
    /// The event needed no host: a timer, the waker, a source that is always ready.
    Local,
}

impl Record {
    pub(crate) const LOCAL: Self = Self::Local;
}
