use std::fmt;
use std::io;
use std::num::NonZeroU8;
use std::ops::{BitOr, BitOrAssign};

/// The kinds of readiness that a registration asks for. Never empty.
///
/// An [`Event`](crate::event::Event) reports what the source is ready for. That may be less or more
/// than the interest, so treat an event as a hint.
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
    /// Guaranteed: every platform accepts it.
    ///
    /// Today: only native Linux reports it. No version of WASI has such an event.
    pub const PRIORITY: Self = Self(NonZeroU8::new(PRIORITY).unwrap());

    /// Returns both interests: the same as `self | other`, but `const`.
    #[must_use = "this returns the joined interest and leaves the original alone"]
    #[allow(clippy::should_implement_trait, reason = "mio's name")]
    pub const fn add(self, other: Self) -> Self {
        // A non-zero value stays non-zero under `|`.
        match NonZeroU8::new(self.0.get() | other.0.get()) {
            Some(bits) => Self(bits),
            None => unreachable!(),
        }
    }

    /// Returns `self` without `other`, or `None` if nothing remains.
    #[must_use = "this returns the remaining interest and leaves the original alone"]
    pub fn remove(self, other: Self) -> Option<Self> {
        NonZeroU8::new(self.0.get() & !other.0.get()).map(Self)
    }

    /// Whether it includes [`READABLE`](Self::READABLE).
    #[must_use]
    pub const fn is_readable(self) -> bool {
        self.0.get() & READABLE != 0
    }

    /// Whether it includes [`WRITABLE`](Self::WRITABLE).
    #[must_use]
    pub const fn is_writable(self) -> bool {
        self.0.get() & WRITABLE != 0
    }

    /// Whether it includes [`PRIORITY`](Self::PRIORITY).
    #[must_use]
    pub const fn is_priority(self) -> bool {
        self.0.get() & PRIORITY != 0
    }

    /// Whether it asks for AIO completions. Always `false`: no supported platform has them.
    #[must_use]
    pub const fn is_aio(self) -> bool {
        false
    }

    /// Whether it asks for LIO completions. Always `false`: no supported platform has them.
    #[must_use]
    pub const fn is_lio(self) -> bool {
        false
    }

    /// `READABLE`, for a source that only becomes readable. Fails unless the interest includes it.
    /// `source` names its kind in the error.
    pub(crate) fn check_readable(self, source: &str) -> io::Result<Self> {
        if self.is_readable() {
            return Ok(Self::READABLE);
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
        for (_, name) in names.iter().filter(|(is_set, _)| *is_set) {
            write!(f, "{separator}{name}")?;
            separator = " | ";
        }
        Ok(())
    }
}
