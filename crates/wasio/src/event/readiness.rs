//! Sets of readiness flags.

use std::fmt;

use crate::portable::Direction;

/// A set of readiness flags. It is empty for a spurious wake-up.
#[derive(Copy, Clone, Default, PartialEq, Eq)]
pub(crate) struct Readiness(u8);

impl Readiness {
    pub(crate) const EMPTY: Self = Self(0);
    // In each pair of flags the one for reading comes first, as in `Direction`: `ready` shifts
    // them.
    pub(crate) const READABLE: Self = Self(1);
    pub(crate) const WRITABLE: Self = Self(1 << 1);
    pub(crate) const READ_CLOSED: Self = Self(1 << 2);
    pub(crate) const WRITE_CLOSED: Self = Self(1 << 3);
    pub(crate) const ERROR: Self = Self(1 << 4);
    pub(crate) const PRIORITY: Self = Self(1 << 5);
    /// The readiness of a source that failed: the next operation in either direction returns the
    /// error.
    pub(crate) const FAILED: Self = Self(Self::READABLE.0 | Self::WRITABLE.0 | Self::ERROR.0);

    /// One direction is ready; `closed` if it has also reached its end.
    #[allow(
        dead_code,
        reason = "used by backends whose host reports the end of a stream"
    )]
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

    #[must_use]
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
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
