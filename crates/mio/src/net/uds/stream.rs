use std::io;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use socket2::{Domain, SockAddr, Socket, Type};
use wasio::IoSource;

use crate::source::{connection, descriptor, into_std, reads, source, writes};

/// A Unix stream socket.
pub struct UnixStream {
    inner: IoSource<net::UnixStream>,
}

impl UnixStream {
    /// Starts to connect to a path, and does not wait for the outcome.
    ///
    /// # Errors
    ///
    /// What the operating system says; [`WouldBlock`](io::ErrorKind::WouldBlock) when the
    /// listener has too many connections that it has not accepted.
    pub fn connect<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        let address = SocketAddr::from_pathname(path)?;
        Self::connect_addr(&address)
    }

    /// Starts to connect to an address: a path or, on Linux, an abstract name.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect); [`InvalidInput`](io::ErrorKind::InvalidInput) if the
    /// address has no name.
    pub fn connect_addr(address: &SocketAddr) -> io::Result<Self> {
        let address = socket_address(address)?;
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        match socket.connect(&address) {
            Err(error) if !is_under_way(&error) => Err(error),
            _ => Ok(Self::from_std(socket.into())),
        }
    }

    /// A stream of the standard library as a source. It must be non-blocking:
    /// [`set_nonblocking`](net::UnixStream::set_nonblocking).
    #[must_use]
    pub fn from_std(stream: net::UnixStream) -> Self {
        Self {
            inner: IoSource::new(stream),
        }
    }

    /// Two streams that are connected to each other.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = net::UnixStream::pair()?;
        one.set_nonblocking(true)?;
        other.set_nonblocking(true)?;
        Ok((Self::from_std(one), Self::from_std(other)))
    }
}

/// socket2 takes an abstract name as a path that starts with a zero byte.
fn socket_address(address: &SocketAddr) -> io::Result<SockAddr> {
    if let Some(path) = address.as_pathname() {
        return SockAddr::unix(path);
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some(name) = abstract_name(address) {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        let name = [b"\0", name].concat();
        return SockAddr::unix(OsStr::from_bytes(&name));
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "the address has no name to connect to",
    ))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn abstract_name(address: &SocketAddr) -> Option<&[u8]> {
    #[cfg(target_os = "android")]
    use std::os::android::net::SocketAddrExt;
    #[cfg(target_os = "linux")]
    use std::os::linux::net::SocketAddrExt;

    address.as_abstract_name()
}

/// Whether a connect that failed goes on in the background. `WouldBlock` does not say
/// so here: the listener's queue was full, and nothing goes on.
fn is_under_way(error: &io::Error) -> bool {
    let in_progress = rustix::io::Errno::INPROGRESS.raw_os_error();
    error.raw_os_error() == Some(in_progress)
}

connection!(UnixStream);
reads!(UnixStream, &UnixStream);
writes!(UnixStream, &UnixStream);
source!(UnixStream);
descriptor!(UnixStream);
into_std!(UnixStream, net::UnixStream);
