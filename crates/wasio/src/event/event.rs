use std::fmt;

use crate::Token;
use crate::portable::{Direction, Key};
use crate::sys;

/// What one source was found to be in one poll.
///
/// There is at most one event a source and poll: its directions are merged. An
/// event is a hint: the operation may still say
/// [`WouldBlock`](std::io::ErrorKind::WouldBlock).
///
/// `{:?}` prints the token and the readiness; `{:#?}` also prints the host's own record.
#[derive(Clone)]
pub struct Event {
    pub(crate) key: Key,
    pub(crate) token: Token,
    pub(crate) readiness: Readiness,
    pub(crate) record: sys::Record,
}

impl Event {
    /// The token the source was registered with.
    #[must_use]
    pub fn token(&self) -> Token {
        self.token
    }

    /// Whether a read may make progress: data, the end, or an error.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        self.readiness.contains(Readiness::READABLE)
    }

    /// Whether a write may make progress: room, or an error.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.readiness.contains(Readiness::WRITABLE)
    }

    /// Whether the host reported an error on the source. The next read or write
    /// returns it, so the event is readable and writable too.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.readiness.contains(Readiness::ERROR)
    }

    /// Whether the host reported the read half as closed.
    ///
    /// # Platform behaviour
    ///
    /// A hint that may be missing: the end of a stream is a read that returns 0.
    /// WASI 0.1 hosts report a hang-up (both halves closed), if anything.
    #[must_use]
    pub fn is_read_closed(&self) -> bool {
        self.readiness.contains(Readiness::READ_CLOSED)
    }

    /// Whether the host reported the write half as closed. A hint that may be
    /// missing, as with [`is_read_closed`](Self::is_read_closed).
    #[must_use]
    pub fn is_write_closed(&self) -> bool {
        self.readiness.contains(Readiness::WRITE_CLOSED)
    }

    /// Whether there is priority (out-of-band) data. Never on WASI.
    #[must_use]
    pub fn is_priority(&self) -> bool {
        self.readiness.contains(Readiness::PRIORITY)
    }

    /// Whether an AIO completion is reported: never, as no platform of wasio has them.
    #[must_use]
    pub fn is_aio(&self) -> bool {
        false
    }

    /// Whether an LIO completion is reported: never, as no platform of wasio has them.
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

/// What was reported: a set that may be empty (a spurious wake-up).
#[derive(Copy, Clone, Default, PartialEq, Eq)]
pub(crate) struct Readiness(u8);

impl Readiness {
    pub(crate) const EMPTY: Self = Self(0);
    // Of each pair first the one of reading, as in `Direction`.
    pub(crate) const READABLE: Self = Self(1);
    pub(crate) const WRITABLE: Self = Self(1 << 1);
    pub(crate) const READ_CLOSED: Self = Self(1 << 2);
    pub(crate) const WRITE_CLOSED: Self = Self(1 << 3);
    pub(crate) const ERROR: Self = Self(1 << 4);
    pub(crate) const PRIORITY: Self = Self(1 << 5);
    /// What an error on a source looks like: the next operation of either
    /// direction returns it.
    pub(crate) const FAILED: Self = Self(Self::READABLE.0 | Self::WRITABLE.0 | Self::ERROR.0);

    /// One direction that is ready, and perhaps at its end.
    #[allow(dead_code, reason = "for backends whose host says both")]
    pub(crate) const fn ready(direction: Direction, closed: bool) -> Self {
        Self((Self::READABLE.0 | (closed as u8) << 2) << direction as u8)
    }

    pub(crate) const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    #[must_use]
    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [(Readiness, &str); 6] = [
            (Readiness::READABLE, "READABLE"),
            (Readiness::WRITABLE, "WRITABLE"),
            (Readiness::READ_CLOSED, "READ_CLOSED"),
            (Readiness::WRITE_CLOSED, "WRITE_CLOSED"),
            (Readiness::ERROR, "ERROR"),
            (Readiness::PRIORITY, "PRIORITY"),
        ];
        if *self == Self::EMPTY {
            return f.write_str("(none)");
        }
        let mut separator = "";
        for (_, name) in NAMES.iter().filter(|(flag, _)| self.contains(*flag)) {
            write!(f, "{separator}{name}")?;
            separator = " | ";
        }
        Ok(())
    }
}
