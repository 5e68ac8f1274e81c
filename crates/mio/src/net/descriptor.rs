//! Descriptors for sockets that have none: they are resources of a WASI 0.2 or 0.3 host.
//!
//! mio promises a descriptor on every socket, and libc adopts no resource. So the descriptor is that
//! of another socket, which libc makes and nobody connects: it names nothing, and is no other
//! source's.

use std::any::Any;
use std::io;
use std::net::TcpStream;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use socket2::{Domain, Socket, Type};

use crate::raw;

/// The descriptor of a socket of the host.
pub(super) type Reserved = OnceLock<TcpStream>;

fn reserve() -> io::Result<TcpStream> {
    let new = Socket::new(Domain::IPV4, Type::STREAM.nonblocking(), None)?;
    // What was given away under its number has been closed since. Nothing else would show that.
    let number = new.as_raw_fd();
    given_away().retain(|one| one.descriptor != number);
    Ok(new.into())
}

/// The descriptor, reserved by the first call. Sockets for which the host has none left share one.
///
/// # Panics
///
/// If the host has none left for the first of these calls in the program.
pub(super) fn of(reserved: &Reserved) -> &TcpStream {
    static SPARE: Reserved = Reserved::new();
    let spare = SPARE.get_or_init(|| reserve().expect("the host has no descriptor left"));
    reserved.get().unwrap_or_else(|| match reserve() {
        Ok(new) => reserved.get_or_init(|| new),
        Err(_) => spare,
    })
}

/// A socket whose descriptor was given away, until that comes back or is closed.
struct GivenAway {
    descriptor: RawFd,
    socket: Box<dyn Any + Send>,
}

impl GivenAway {
    /// Whether the descriptor is still the one that was given away. The program may have closed it,
    /// and libc may have opened another one of the same number.
    ///
    /// No option of the descriptor could show this, as the program may set each. But it does not
    /// bind or connect what stands for a socket that is connected or bound. A socket that another
    /// library opens under the number is taken for it until it is bound or connected.
    fn is_open(&self) -> bool {
        raw::is_unbound_tcp(self.descriptor)
    }
}

static GIVEN_AWAY: Mutex<Vec<GivenAway>> = Mutex::new(Vec::new());

fn given_away() -> MutexGuard<'static, Vec<GivenAway>> {
    GIVEN_AWAY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives the descriptor away, and keeps the socket for [`take_back`].
///
/// # Panics
///
/// If the host has no descriptor left, not even when the socket is closed: its connection is lost then.
pub(super) fn give_away<S: Any + Send>(socket: S, reserved: Reserved) -> OwnedFd {
    let Ok(descriptor) = reserved.into_inner().map_or_else(reserve, Ok) else {
        drop(socket);
        return reserve().expect("the host has no descriptor left").into();
    };
    given_away().push(GivenAway {
        descriptor: descriptor.as_raw_fd(),
        socket: Box::new(socket),
    });
    descriptor.into()
}

/// The socket whose descriptor this is.
pub(super) fn take_back<S: Any>(descriptor: &impl AsRawFd) -> Option<S> {
    close_unreachable();
    let descriptor = descriptor.as_raw_fd();
    let mut given_away = given_away();
    let is_it = |one: &GivenAway| one.descriptor == descriptor && one.socket.is::<S>();
    let index = given_away.iter().position(is_it)?;
    let socket = given_away.swap_remove(index).socket.downcast();
    socket.ok().map(|socket| *socket)
}

/// Closes the sockets whose descriptors were closed. Each poll begins with this.
pub(crate) fn close_unreachable() {
    given_away().retain(GivenAway::is_open);
}
