//! All unsafe code of the backend: calls that take a descriptor by its number.
//!
//! A number is not proof that the descriptor is open, and the public API takes numbers
//! (`SourceFd`, `Selector::register`), as the operating system does. What follows from one that is closed,
//! or that is somebody else's by now, is an error or an event too many: none of these calls
//! reads or writes memory through it.

use std::io;
#[cfg(all(unix, feature = "net"))]
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd};

use polling::{Event, PollMode, Poller};

use crate::RawDescriptor;
#[cfg(all(unix, feature = "net"))]
use crate::sys::HandOut;

pub(super) fn add(
    poller: &Poller,
    descriptor: RawDescriptor,
    event: Event,
    mode: PollMode,
) -> io::Result<()> {
    check(descriptor)?;
    // SAFETY: polling asks that the source be deleted before it is closed. `IoSource` does:
    // its field `registration`, whose drop deletes, stands before `inner`. For `SourceFd` and
    // `Selector::register` it is the caller's documented duty; a closed descriptor that was not
    // deleted leaves the set of epoll, kqueue and AFD by itself.
    unsafe { poller.add_with_mode(descriptor, event, mode) }
}

pub(super) fn modify(
    poller: &Poller,
    descriptor: RawDescriptor,
    event: Event,
    mode: PollMode,
) -> io::Result<()> {
    check(descriptor)?;
    // SAFETY: `check` has seen that it is a number a descriptor can have, and the borrow ends with
    // this function. That it is open is the duty described at `add`; if not, the call is `EBADF`.
    let source = unsafe { Borrowed::borrow_raw(descriptor) };
    poller.modify_with_mode(source, event, mode)
}

pub(super) fn delete(poller: &Poller, descriptor: RawDescriptor) -> io::Result<()> {
    check(descriptor)?;
    // SAFETY: as in `modify`.
    let source = unsafe { Borrowed::borrow_raw(descriptor) };
    poller.delete(source)
}

/// The most descriptors that [`read_closed`] is asked about at once.
pub(super) const MOST_ASKED: usize = 64;

/// Which of `sources` have been told that no more comes: a bit each, the first the lowest.
///
/// epoll says so in the event itself, but polling neither asks for `EPOLLRDHUP` nor hands it on.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn read_closed(sources: &[RawDescriptor]) -> u64 {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    const AT_ONCE: Timespec = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };

    debug_assert!(sources.len() <= MOST_ASKED);
    let mut asked: [PollFd<'_>; MOST_ASKED] = std::array::from_fn(|at| {
        let source = sources.get(at).copied().unwrap_or(0);
        debug_assert!(check(source).is_ok(), "it was registered");
        // SAFETY: a registered number is not negative (`add` has checked it), nor is 0, and the
        // borrow ends with this function. One that is closed by now is answered with `POLLNVAL`.
        let source = unsafe { Borrowed::borrow_raw(source) };
        PollFd::from_borrowed_fd(source, PollFlags::RDHUP)
    });
    let asked = &mut asked[..sources.len().min(MOST_ASKED)];
    // A call that fails says nothing of anybody; the end is still found by reading.
    if !matches!(poll(asked, Some(&AT_ONCE)), Ok(1..)) {
        return 0;
    }
    asked
        .iter()
        .enumerate()
        .filter(|(_, one)| one.revents().contains(PollFlags::RDHUP))
        .fold(0, |all, (at, _)| all | 1 << at)
}

/// Not known here: see `Shared::after_short_read`.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn read_closed(_sources: &[RawDescriptor]) -> u64 {
    0
}

#[cfg(unix)]
use std::os::fd::BorrowedFd as Borrowed;
#[cfg(windows)]
use std::os::windows::io::BorrowedSocket as Borrowed;

/// That the number may be borrowed at all.
#[cfg(unix)]
fn check(descriptor: RawDescriptor) -> io::Result<()> {
    if descriptor < 0 {
        return Err(rustix::io::Errno::BADF.into());
    }
    Ok(())
}

/// That the number may be borrowed at all.
#[cfg(windows)]
fn check(descriptor: RawDescriptor) -> io::Result<()> {
    /// `WSAENOTSOCK`.
    const NOT_A_SOCKET: i32 = 10038;
    if descriptor == RawDescriptor::MAX {
        return Err(io::Error::from_raw_os_error(NOT_A_SOCKET));
    }
    Ok(())
}

/// Whether an error of [`add`] says that this kind of file is always ready: epoll's
/// answer for regular files, directories and `/dev/null`.
pub(super) fn is_always_ready(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.raw_os_error() == Some(rustix::io::Errno::PERM.raw_os_error());
    #[cfg(windows)]
    return {
        let _ = error;
        false
    };
}

/// The next descriptor that the process was started with; `None` once all are handed out.
///
/// The first call collects those of `candidates` that were open when the program started and that
/// `is_wanted` says yes of. All others are left alone.
#[cfg(all(unix, feature = "net"))]
pub(super) fn next_inherited(
    candidates: impl FnOnce() -> std::ops::Range<RawDescriptor>,
    is_wanted: impl Fn(BorrowedFd<'_>) -> bool,
) -> Option<OwnedFd> {
    static INHERITED: HandOut<RawDescriptor> = HandOut::new();
    let wanted = |descriptor: &RawDescriptor| {
        is_inherited(*descriptor) && {
            // SAFETY: it is open, as the line above says, and stays so for the call: nobody in this
            // program owns it, so nobody closes it.
            is_wanted(unsafe { BorrowedFd::borrow_raw(*descriptor) })
        }
    };
    let descriptor = INHERITED.next(|| candidates().filter(wanted).collect())?;
    // SAFETY: the one scan saw it open and owned by nobody, and `INHERITED`, which nothing else
    // reaches, gives it out once.
    Some(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// Whether a descriptor is open and was handed to this program when it started. What crosses `exec`
/// has no `FD_CLOEXEC`; what the standard library opens, wasio, or another taker of such
/// descriptors, has.
#[cfg(all(unix, feature = "net"))]
fn is_inherited(descriptor: RawDescriptor) -> bool {
    // SAFETY: the system checks the number, and no memory is involved.
    let flags = unsafe { libc::fcntl(descriptor, libc::F_GETFD) };
    flags != -1 && flags & libc::FD_CLOEXEC == 0
}
