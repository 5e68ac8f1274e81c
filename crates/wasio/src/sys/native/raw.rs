//! All unsafe code of the backend: calls that take a descriptor by its number.
//!
//! The public API takes numbers (`SourceFd`, `Selector::register`), as the operating system does.
//! A `BorrowedFd` promises that its number is open, which a caller of that API need not keep, and
//! neither does who replaces the source in an `IoSource`. So numbers go to the operating system
//! itself, which checks them, and not to methods of polling and rustix, which want a `BorrowedFd`.
//! A closed number is an error; one that is somebody else's by now is an event too many. No memory
//! depends on either.

use std::io;
#[cfg(all(unix, feature = "net"))]
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd};

use polling::{Event, PollMode};

#[cfg(all(unix, feature = "net"))]
use crate::sys::HandOut;
use crate::{Interest, RawDescriptor};

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) use self::epoll::control;
#[cfg(windows)]
pub(super) use self::iocp::control;
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
pub(super) use self::kqueue::control;

/// What `control` asks of the system, for a descriptor.
pub(super) enum Ask {
    Add(Event, PollMode),
    /// With the mode of `Add`, which kqueue keeps. To change it, `Delete` and `Add`.
    Modify(Event, PollMode),
    Delete,
}

/// Asks epoll itself. polling keeps no account of what was added: it reports what epoll reports.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod epoll {
    use std::io;
    use std::os::fd::{AsRawFd, RawFd};

    use polling::{Event, PollMode, Poller};

    use super::Ask;

    pub(in super::super) fn control(poller: &Poller, fd: RawFd, ask: Ask) -> io::Result<()> {
        let (operation, event, mode) = match ask {
            Ask::Add(event, mode) => (libc::EPOLL_CTL_ADD, event, mode),
            Ask::Modify(event, mode) => (libc::EPOLL_CTL_MOD, event, mode),
            Ask::Delete => (libc::EPOLL_CTL_DEL, Event::none(0), PollMode::Level),
        };
        let mut asked = libc::epoll_event {
            events: flags(event, mode).cast_unsigned(),
            u64: event.key as u64,
        };
        // SAFETY: epoll reads `asked`, which lives, and checks the number `fd`.
        let result = unsafe { libc::epoll_ctl(poller.as_raw_fd(), operation, fd, &raw mut asked) };
        if result == -1 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }

    fn flags(event: Event, mode: PollMode) -> i32 {
        let mode = match mode {
            PollMode::Edge => libc::EPOLLET,
            PollMode::Oneshot => libc::EPOLLONESHOT,
            _ => 0,
        };
        let asked = [
            (event.readable, libc::EPOLLIN),
            (event.writable, libc::EPOLLOUT),
            (event.is_priority(), libc::EPOLLPRI),
        ];
        let asked = asked.into_iter().filter(|(is_asked, _)| *is_asked);
        asked.fold(mode, |all, (_, flag)| all | flag)
    }
}

/// Asks kqueue itself. polling's set of what was added has no part in its wait; it is there to
/// refuse what is added twice, as the selector's table does, and it kept numbers for good that were
/// closed before they were deleted.
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
mod kqueue {
    use std::io;
    use std::os::fd::{AsRawFd, RawFd};
    use std::ptr;

    use polling::{Event, PollMode, Poller};

    use super::Ask;

    /// Adds the filter of each direction that `ask` asks for, and deletes that of the other.
    pub(in super::super) fn control(poller: &Poller, fd: RawFd, ask: Ask) -> io::Result<()> {
        let (event, mode) = match ask {
            // kqueue adds what is not there.
            Ask::Add(event, mode) | Ask::Modify(event, mode) => (event, mode),
            Ask::Delete => (Event::none(0), PollMode::Level),
        };
        let add = match mode {
            PollMode::Edge => libc::EV_ADD | libc::EV_CLEAR,
            PollMode::Oneshot => libc::EV_ADD | libc::EV_ONESHOT,
            _ => libc::EV_ADD,
        };
        let closed = |_| io::Error::from_raw_os_error(libc::EBADF);
        let ident = libc::uintptr_t::try_from(fd).map_err(closed)?;
        let filter = |filter, is_asked: bool| {
            // SAFETY: it is numbers and a pointer that is not followed: zeros are a valid value.
            let mut filtered: libc::kevent = unsafe { std::mem::zeroed() };
            filtered.ident = ident;
            filtered.filter = filter;
            // With a receipt for each change: an error of one is not the end of the others.
            filtered.flags = libc::EV_RECEIPT | if is_asked { add } else { libc::EV_DELETE };
            filtered.udata = event.key as _;
            filtered
        };
        let changes = [
            filter(libc::EVFILT_READ, event.readable),
            filter(libc::EVFILT_WRITE, event.writable),
        ];
        let mut receipts = changes;
        // SAFETY: kqueue reads the two `changes`, checks the number in them, and writes two
        // `receipts` at most.
        let count = unsafe {
            libc::kevent(
                poller.as_raw_fd(),
                changes.as_ptr(),
                2,
                receipts.as_mut_ptr(),
                2,
                ptr::null(),
            )
        };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        receipts.iter().take(count).try_for_each(check)
    }

    fn check(receipt: &libc::kevent) -> io::Result<()> {
        let code = i32::try_from(receipt.data).unwrap_or(0);
        match code {
            // `ENOENT`: what is to be deleted was never added. `EPIPE`: a pipe whose reader is
            // gone, of which some systems report the event all the same.
            0 | libc::ENOENT | libc::EPIPE => Ok(()),
            _ => Err(io::Error::from_raw_os_error(code)),
        }
    }
}

/// Asks polling: what it asks of Windows is not for others to repeat.
#[cfg(windows)]
mod iocp {
    use std::io;
    use std::os::windows::io::{BorrowedSocket, RawSocket};

    use polling::Poller;

    use super::Ask;

    pub(in super::super) fn control(
        poller: &Poller,
        socket: RawSocket,
        ask: Ask,
    ) -> io::Result<()> {
        match ask {
            // SAFETY: polling asks that the socket be deleted before it is closed, which `IoSource`
            // does. A caller of the public API may not; no memory depends on it, as polling keeps
            // the number, and owns what it lends to the system until that gives it back.
            Ask::Add(event, mode) => unsafe { poller.add_with_mode(socket, event, mode) },
            Ask::Modify(event, mode) => poller.modify_with_mode(borrow(&socket)?, event, mode),
            Ask::Delete => poller.delete(borrow(&socket)?),
        }
    }

    /// For polling alone, which makes of it the key of its table of numbers and nothing else.
    fn borrow(socket: &RawSocket) -> io::Result<BorrowedSocket<'_>> {
        /// `WSAENOTSOCK`.
        const NOT_A_SOCKET: i32 = 10038;
        if *socket == RawSocket::MAX {
            return Err(io::Error::from_raw_os_error(NOT_A_SOCKET));
        }
        // SAFETY: it is not the one value that the type cannot have. Whether it is open does not
        // matter to the one who gets it, as said above.
        Ok(unsafe { BorrowedSocket::borrow_raw(*socket) })
    }
}

/// The most descriptors that [`read_closed`] is asked about at once.
pub(super) const MOST_ASKED: usize = 64;

/// Of which of `sources` the peer has said that no more comes: a bit each, the first the lowest.
///
/// epoll says so in the event itself, but polling neither asks for `EPOLLRDHUP` nor hands it on.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn read_closed(sources: &[RawDescriptor]) -> u64 {
    /// A number that `poll` passes over.
    const NOBODY: libc::pollfd = libc::pollfd {
        fd: -1,
        events: libc::POLLRDHUP,
        revents: 0,
    };

    let mut asked = [NOBODY; MOST_ASKED];
    for (place, source) in asked.iter_mut().zip(sources) {
        place.fd = *source;
    }
    let asked = &mut asked[..sources.len().min(MOST_ASKED)];
    poll_now(asked);
    asked
        .iter()
        .enumerate()
        .filter(|(_, one)| one.revents & libc::POLLRDHUP != 0)
        .fold(0, |all, (at, _)| all | 1 << at)
}

/// Whether a source that has an error takes no more bytes, by mio's rule: there is room too, as
/// on a pipe without a reader, or nothing but the error, as on such a pipe that is full.
///
/// polling reports an error as readable and writable, so the system is asked once more.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn is_write_closed(source: RawDescriptor, interest: Interest) -> bool {
    let asked = [
        (interest.is_readable(), libc::POLLIN),
        (interest.is_writable(), libc::POLLOUT),
    ];
    let asked = asked.into_iter().filter(|(is_asked, _)| *is_asked);
    let mut one = [libc::pollfd {
        fd: source,
        events: asked.fold(0, |all, (_, flag)| all | flag),
        revents: 0,
    }];
    poll_now(&mut one);
    let revents = one[0].revents;
    revents == libc::POLLERR || revents & libc::POLLERR != 0 && revents & libc::POLLOUT != 0
}

/// Asks what is so now. One source at a time if there are more than the process may have open now: its
/// limit may have been lowered. A call that fails then says nothing of its source.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn poll_now(asked: &mut [libc::pollfd]) {
    // SAFETY: the call reads and writes the records of `asked`, of which there are `asked.len()`, and
    // checks the numbers in them: one that is closed is answered with `POLLNVAL`.
    let result = unsafe { libc::poll(asked.as_mut_ptr(), asked.len() as libc::nfds_t, 0) };
    if result < 0 && asked.len() > 1 {
        asked.chunks_mut(1).for_each(poll_now);
    }
}

/// Not known here: what the event says is all there is.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn is_write_closed(_source: RawDescriptor, _interest: Interest) -> bool {
    false
}

/// Not known here: see `Native::after_io`.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn read_closed(_sources: &[RawDescriptor]) -> u64 {
    0
}

/// Whether an error of [`Ask::Add`] says that this kind of file is always ready: epoll's
/// answer for regular files, directories and `/dev/null`.
pub(super) fn is_always_ready(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.raw_os_error() == Some(libc::EPERM);
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
            // SAFETY: it is open, as the line above says, and stays so for the call: nothing in this
            // program owns it, so nothing closes it.
            is_wanted(unsafe { BorrowedFd::borrow_raw(*descriptor) })
        }
    };
    let descriptor = INHERITED.next(|| candidates().filter(wanted).collect())?;
    // SAFETY: the one scan saw it open and without an owner, and `INHERITED`, which nothing else
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
