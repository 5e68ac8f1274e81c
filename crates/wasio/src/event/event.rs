use std::fmt;

use super::Readiness;
use crate::Token;
use crate::portable::Key;
use crate::sys;

/// The readiness of one source, as reported by one poll.
///
/// A poll returns at most one event per source: readiness for reading and for writing is merged
/// into it. An event is a hint: the operation may still return
/// [`WouldBlock`](std::io::ErrorKind::WouldBlock).
///
/// `{:?}` prints the token and the readiness; `{:#?}` also prints the record that the host
/// returned.
#[derive(Clone)]
pub struct Event {
    pub(crate) key: Key,
    pub(crate) token: Token,
    pub(crate) readiness: Readiness,
    pub(crate) record: sys::Record,
}

impl Event {
    /// Returns the token that the source was registered with.
    #[must_use]
    pub fn token(&self) -> Token {
        self.token
    }

    /// Whether a read may make progress: there is data, the end of the stream, or an error.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        self.readiness.contains(Readiness::READABLE)
    }

    /// Whether a write may make progress: there is room, or an error.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.readiness.contains(Readiness::WRITABLE)
    }

    /// Whether the host reported an error on the source. The next read or write returns the error,
    /// so the event is also readable and writable.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.readiness.contains(Readiness::ERROR)
    }

    /// Whether the host reported the read half as closed.
    ///
    /// This is a hint, and it may be missing. To find the end of a stream, read until 0 bytes are
    /// returned.
    ///
    /// # Platform behaviour
    ///
    /// On WASI 0.1 only some hosts report it, as a hang-up, which closes both halves.
    #[must_use]
    pub fn is_read_closed(&self) -> bool {
        self.readiness.contains(Readiness::READ_CLOSED)
    }

    /// Whether the host reported the write half as closed.
    ///
    /// This is a hint, and it may be missing: see [`is_read_closed`](Self::is_read_closed).
    #[must_use]
    pub fn is_write_closed(&self) -> bool {
        self.readiness.contains(Readiness::WRITE_CLOSED)
    }

    /// Whether there is priority (out-of-band) data. Always `false` on WASI.
    #[must_use]
    pub fn is_priority(&self) -> bool {
        self.readiness.contains(Readiness::PRIORITY)
    }

    /// Whether an AIO completion is reported. Always `false`: no supported platform has them.
    #[must_use]
    pub fn is_aio(&self) -> bool {
        false
    }

    /// Whether an LIO completion is reported. Always `false`: no supported platform has them.
    #[must_use]
    pub fn is_lio(&self) -> bool {
        false
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let with_record = f.alternate();
        let mut event = f.debug_struct("Event");
        event
            .field("token", &self.token)
            .field("readiness", &self.readiness);
        if with_record {
            event.field("host", &self.record);
        }
        event.finish()
    }
}
