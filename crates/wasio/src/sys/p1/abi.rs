//! The records and numbers of WASI 0.1 (`wasi_snapshot_preview1`) that wasio uses.
//!
//! They are plain data without unions, so reading and writing them needs no unsafe code. Padding is
//! left implicit, so that the compiler need not copy it.
//!
//! Source: `phases/snapshot/witx/typenames.witx` of the WASI repository.

use std::fmt;

use crate::portable::hot_cold::HostRecord;
use crate::portable::{Direction, Key};

/// `subscription`: 48 bytes. `tag` decides what `object` and the fields after it mean.
#[repr(C)]
#[derive(Copy, Clone, Debug)]
pub(crate) struct Subscription {
    pub(crate) userdata: u64,
    tag: u8,
    /// The id of the clock, or the descriptor.
    object: Object,
    /// Used for a clock only, like the two fields below.
    timeout_ns: u64,
    precision_ns: u64,
    flags: u16,
}

/// The first field of the union, which is aligned to eight bytes.
#[repr(C, align(8))]
#[derive(Copy, Clone, Debug)]
struct Object(u32);

/// `event`: 32 bytes.
#[repr(C)]
#[derive(Copy, Clone, Debug)]
pub(crate) struct Event {
    pub(crate) userdata: u64,
    pub(crate) error: Errno,
    pub(crate) kind: u8,
    /// The number of bytes to read or of room to write. Some hosts do not fill it in.
    pub(crate) nbytes: u64,
    pub(crate) flags: u16,
}

const _: () = {
    use std::mem::offset_of;
    assert!(size_of::<Subscription>() == 48 && align_of::<Subscription>() == 8);
    assert!(offset_of!(Subscription, userdata) == 0 && offset_of!(Subscription, tag) == 8);
    assert!(offset_of!(Subscription, object) == 16 && offset_of!(Object, 0) == 0);
    assert!(offset_of!(Subscription, timeout_ns) == 24);
    assert!(offset_of!(Subscription, precision_ns) == 32);
    assert!(offset_of!(Subscription, flags) == 40);
    assert!(size_of::<Event>() == 32 && align_of::<Event>() == 8);
    assert!(offset_of!(Event, userdata) == 0 && offset_of!(Event, error) == 8);
    assert!(offset_of!(Event, kind) == 10 && offset_of!(Event, nbytes) == 16);
    assert!(offset_of!(Event, flags) == 24);
    assert!(size_of::<Fdstat>() == 24 && align_of::<Fdstat>() == 8);
    assert!(offset_of!(Fdstat, filetype) == 0 && offset_of!(Fdstat, flags) == 2);
    assert!(offset_of!(Fdstat, rights_base) == 8 && offset_of!(Fdstat, rights_inheriting) == 16);
};

/// `eventtype`
pub(crate) const CLOCK: u8 = 0;
pub(crate) const FD_READ: u8 = 1;
pub(crate) const FD_WRITE: u8 = 2;

const fn kind_of(direction: Direction) -> u8 {
    FD_READ + direction as u8
}

/// `clockid.monotonic`
pub(crate) const MONOTONIC: u32 = 1;

/// `eventrwflags.fd_readwrite_hangup`
pub(crate) const HANGUP: u16 = 1;

/// The label of the clock record. No registration has it, because generations start at 1.
pub(crate) const CLOCK_USERDATA: u64 = u32::MAX as u64;

impl HostRecord for Subscription {
    const ROTATES: bool = true;
}

impl Subscription {
    /// A relative clock. [`set_timeout_ns`](Self::set_timeout_ns) sets its duration.
    pub(crate) const fn clock() -> Self {
        Self {
            userdata: CLOCK_USERDATA,
            tag: CLOCK,
            object: Object(MONOTONIC),
            timeout_ns: 0,
            precision_ns: 0,
            flags: 0,
        }
    }

    pub(crate) const fn descriptor(fd: u32, key: Key, direction: Direction) -> Self {
        Self {
            userdata: key.to_userdata(direction),
            tag: kind_of(direction),
            object: Object(fd),
            ..Self::clock()
        }
    }

    pub(crate) const fn set_timeout_ns(&mut self, timeout_ns: u64) {
        self.timeout_ns = timeout_ns;
    }

    /// The descriptor, or the id of a clock.
    pub(crate) const fn fd(&self) -> u32 {
        self.object.0
    }

    /// The event that reports to the owner why this cannot be waited for.
    pub(crate) const fn failed(&self, error: Errno) -> Event {
        Event {
            userdata: self.userdata,
            error,
            kind: self.tag,
            ..Event::ZERO
        }
    }
}

#[cfg(all(any(test, fuzzing), not(target_os = "wasi")))]
impl Subscription {
    pub(crate) const fn is_write(&self) -> bool {
        self.tag == FD_WRITE
    }

    pub(crate) const fn is_clock(&self) -> bool {
        self.tag == CLOCK
    }

    pub(crate) const fn timeout_ns(&self) -> u64 {
        self.timeout_ns
    }

    pub(crate) const fn clock_flags(&self) -> u16 {
        self.flags
    }
}

impl Event {
    pub(crate) const ZERO: Self = Self {
        userdata: 0,
        error: Errno::SUCCESS,
        kind: CLOCK,
        nbytes: 0,
        flags: 0,
    };

    pub(crate) const fn is_clock(&self) -> bool {
        self.kind == CLOCK
    }

    /// Whether it is neither an error nor a hang-up.
    pub(crate) fn is_plain(&self) -> bool {
        self.error == Errno::SUCCESS && !self.is_hangup()
    }

    /// Whether it says no more than "perhaps" if its host over-reports.
    pub(super) fn is_ambiguous(&self) -> bool {
        (self.nbytes <= 1 || self.kind == FD_WRITE) && self.is_plain() && !self.is_clock()
    }

    pub(crate) const fn is_hangup(&self) -> bool {
        self.flags & HANGUP != 0
    }

    /// The registration that it is for, or `None` if its type does not match its label.
    pub(crate) const fn target(&self) -> Option<(Key, Direction)> {
        let (key, direction) = Key::from_userdata(self.userdata);
        if self.kind == kind_of(direction) {
            Some((key, direction))
        } else {
            None
        }
    }
}

/// `fdstat`: 24 bytes.
#[repr(C)]
#[derive(Copy, Clone, Debug)]
pub(crate) struct Fdstat {
    pub(crate) filetype: u8,
    padding: u8,
    pub(crate) flags: u16,
    rights_base: u64,
    rights_inheriting: u64,
}

impl Fdstat {
    pub(crate) const fn new(filetype: u8, flags: u16) -> Self {
        Self {
            filetype,
            padding: 0,
            flags,
            rights_base: 0,
            rights_inheriting: 0,
        }
    }
}

/// `filetype`
pub(crate) const UNKNOWN: u8 = 0;
pub(crate) const DIRECTORY: u8 = 3;
pub(crate) const REGULAR_FILE: u8 = 4;
#[cfg(any(feature = "net", test, fuzzing))]
pub(crate) const SOCKET_STREAM: u8 = 6;

/// `fdflags.nonblock`
#[cfg(any(feature = "net", test, fuzzing))]
pub(crate) const NONBLOCK: u16 = 1 << 2;

/// `errno`. A newtype and not an enum, because hosts may return numbers that are not specified.
#[repr(transparent)]
#[derive(Copy, Clone, PartialEq, Eq)]
pub(crate) struct Errno(pub(crate) u16);

impl Errno {
    pub(crate) const SUCCESS: Self = Self(0);
    pub(crate) const TOO_BIG: Self = Self(1);
    pub(crate) const ACCES: Self = Self(2);
    #[cfg(target_os = "wasi")]
    pub(crate) const AGAIN: Self = Self(6);
    pub(crate) const BADF: Self = Self(8);
    pub(crate) const INTR: Self = Self(27);
    pub(crate) const INVAL: Self = Self(28);
    pub(crate) const NOMEM: Self = Self(48);
    pub(crate) const NOSYS: Self = Self(52);
    pub(crate) const NOTSUP: Self = Self(58);
    pub(crate) const PERM: Self = Self(63);
    pub(crate) const NOTCAPABLE: Self = Self(76);
    /// wasio's own: the descriptor is open, and cannot be waited for in this direction.
    pub(crate) const ONE_WAY: Self = Self(u16::MAX);

    /// Whether it means that the host cannot wait for such a descriptor at all.
    pub(crate) const fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::PERM | Self::NOTSUP | Self::NOSYS | Self::INVAL | Self::NOTCAPABLE | Self::ACCES
        )
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "errno {}", self.0)
    }
}

impl From<Errno> for std::io::Error {
    /// The host's code is kept: [`raw_os_error`](std::io::Error::raw_os_error) returns it.
    fn from(errno: Errno) -> Self {
        Self::from_raw_os_error(i32::from(errno.0))
    }
}
