use std::fmt;
use std::io;
use std::num::NonZeroU8;
use std::ops::{BitOr, BitOrAssign};

use crate::portable::Direction;

/// What a registration asks for. Never empty.
///
/// What a source *is* comes back as an [`Event`](crate::event::Event), whose
/// readiness may be empty or more than was asked for: treat both as hints.
///
/// # Examples
///
/// ```
/// use wasio::Interest;
///
/// let both = Interest::READABLE | Interest::WRITABLE;
/// assert!(both.is_readable() && both.is_writable());
/// assert_eq!(both.remove(Interest::WRITABLE), Some(Interest::READABLE));
/// assert_eq!(Interest::READABLE.remove(Interest::READABLE), None);
/// ```
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interest(NonZeroU8);

// In the order of `Direction`.
const READABLE: u8 = 0b001;
const WRITABLE: u8 = 0b010;
const PRIORITY: u8 = 0b100;

impl Interest {
    /// Interest in being readable.
    pub const READABLE: Self = Self(NonZeroU8::new(READABLE).unwrap());

    /// Interest in being writable.
    pub const WRITABLE: Self = Self(NonZeroU8::new(WRITABLE).unwrap());

    /// Interest in priority (out-of-band) data.
    ///
    /// # Platform behaviour
    ///
    /// Guaranteed: accepted everywhere. Today: only native Linux reports it; no WASI
    /// version has such an event.
    pub const PRIORITY: Self = Self(NonZeroU8::new(PRIORITY).unwrap());

    /// Both interests: the same as `self | other`, and `const`.
    #[must_use = "this returns the joined interest and leaves the original alone"]
    #[allow(clippy::should_implement_trait, reason = "mio's name")]
    pub const fn add(self, other: Self) -> Self {
        // `|` of a non-zero value is not zero.
        match NonZeroU8::new(self.0.get() | other.0.get()) {
            Some(bits) => Self(bits),
            None => unreachable!(),
        }
    }

    /// What is left of `self` without `other`; `None` when nothing is.
    #[must_use = "this returns the remaining interest and leaves the original alone"]
    pub fn remove(self, other: Self) -> Option<Self> {
        NonZeroU8::new(self.0.get() & !other.0.get()).map(Self)
    }

    /// Whether it asks for readable.
    #[must_use]
    pub const fn is_readable(self) -> bool {
        self.0.get() & READABLE != 0
    }

    /// Whether it asks for writable.
    #[must_use]
    pub const fn is_writable(self) -> bool {
        self.0.get() & WRITABLE != 0
    }

    /// Whether it asks for priority data.
    #[must_use]
    pub const fn is_priority(self) -> bool {
        self.0.get() & PRIORITY != 0
    }

    pub(crate) const fn wants(self, direction: Direction) -> bool {
        self.0.get() >> direction as u8 & 1 != 0
    }

    /// Whether it asks for AIO completions: never, as no platform of wasio has them.
    #[must_use]
    pub const fn is_aio(self) -> bool {
        false
    }

    /// Whether it asks for LIO completions: never, as no platform of wasio has them.
    #[must_use]
    pub const fn is_lio(self) -> bool {
        false
    }

    /// That a source which becomes readable and nothing else is asked for that. `source` says what
    /// it is.
    pub(crate) fn check_readable(self, source: &str) -> io::Result<()> {
        if self.is_readable() {
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "{source} only becomes readable, so an interest of {self:?} would never be \
                 reported: register it with `Interest::READABLE`"
            ),
        ))
    }
}

impl BitOr for Interest {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.add(other)
    }
}

impl BitOrAssign for Interest {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (self.is_readable(), "READABLE"),
            (self.is_writable(), "WRITABLE"),
            (self.is_priority(), "PRIORITY"),
        ];
        let mut separator = "";
        for (_, name) in names.iter().filter(|(asked, _)| *asked) {
            write!(f, "{separator}{name}")?;
            separator = " | ";
        }
        Ok(())
    }
}
