//! Sockets of the standard library, which wasi-libc made. Behind trait objects, so that a program
//! that has none links neither the code for them nor libc's.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{self, Shutdown, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, RawFd};

use super::address;
use super::stream::TcpStream;
use crate::portable::Key;
use crate::sys::imp::Selector;
use crate::sys::imp::raw;
use crate::{Interest, Mode, Token};

/// A descriptor, and how it is registered.
pub(crate) trait Descriptor: fmt::Debug + Send + Sync {
    fn descriptor(&self) -> RawFd;
    fn register(&self, selector: &Selector, token: Token, interests: Interest) -> io::Result<Key>;
}

impl<T: AsRawFd + fmt::Debug + Send + Sync> Descriptor for T {
    fn descriptor(&self) -> RawFd {
        self.as_raw_fd()
    }

    fn register(&self, selector: &Selector, token: Token, interests: Interest) -> io::Result<Key> {
        selector.register(self.as_raw_fd(), token, interests, Mode::Edge)
    }
}

/// A connection of libc's.
pub(crate) trait Stream: Descriptor {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize>;
    fn peek(&self, buffer: &mut [u8]) -> io::Result<usize>;
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;
    fn take_error(&self) -> io::Result<Option<io::Error>>;
    fn local_addr(&self) -> io::Result<SocketAddr>;
    fn peer_addr(&self) -> io::Result<SocketAddr>;
    fn set_nodelay(&self, nodelay: bool) -> io::Result<()>;
    fn nodelay(&self) -> io::Result<bool>;
    fn set_ttl(&self, ttl: u32) -> io::Result<()>;
    fn ttl(&self) -> io::Result<u32>;
}

impl Stream for net::TcpStream {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Read::read(&mut &*self, buffer)
    }

    fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.peek(buffer)
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(&mut &*self, bytes)
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.shutdown(how)
    }

    fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.take_error()
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.peer_addr()
    }

    fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.set_nodelay(nodelay)
    }

    fn nodelay(&self) -> io::Result<bool> {
        self.nodelay()
    }

    fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.set_ttl(ttl)
    }

    fn ttl(&self) -> io::Result<u32> {
        self.ttl()
    }
}

/// A listener of libc's.
pub(crate) trait Listener: Descriptor {
    fn accept(&self) -> io::Result<(TcpStream, SocketAddr)>;
    fn local_addr(&self) -> io::Result<SocketAddr>;
    fn set_ttl(&self, ttl: u32) -> io::Result<()>;
    fn ttl(&self) -> io::Result<u32>;
    fn take_error(&self) -> io::Result<Option<io::Error>>;
}

impl Listener for net::TcpListener {
    fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        // Not even a peer that is there has an address: libc ends the program if it is asked about
        // one that is gone, and nobody can know before.
        let stream = net::TcpStream::from(raw::accept(self.as_fd())?);
        Ok((stream.into(), address::UNKNOWN))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }

    fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.set_ttl(ttl)
    }

    fn ttl(&self) -> io::Result<u32> {
        self.ttl()
    }

    fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.take_error()
    }
}
