//! UDP sockets of the standard library, which wasi-libc made of WASI 0.2.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use super::peeked::{self, PeekedDatagram};
use super::std_socket::has_room;

/// The longest datagram.
const MAX_LEN: usize = 64 * 1024;

pub(crate) struct StdUdp {
    pub(crate) socket: UdpSocket,
    peeked: PeekedDatagram,
}

impl StdUdp {
    /// libc opens the host's streams of datagrams with the first call that needs them, and calls the
    /// socket ready in both directions until then. So one is sent that is too long for any host.
    /// (jco ends the program for one without a port.)
    pub(crate) fn new(socket: UdpSocket) -> Self {
        let too_long = vec![0; MAX_LEN + 1];
        let _ = (socket.local_addr()).and_then(|itself| socket.send_to(&too_long, itself));
        Self {
            socket,
            peeked: PeekedDatagram::default(),
        }
    }

    pub(crate) fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match self.peeked.take() {
            Some((bytes, from)) => Ok((peeked::copy(&bytes, buffer), from)),
            None => self.socket.recv_from(buffer),
        }
    }

    pub(crate) fn peek(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.peeked.peek(buffer, || {
            let mut bytes = vec![0; MAX_LEN];
            let (len, from) = self.socket.recv_from(&mut bytes)?;
            bytes.truncate(len);
            Ok((bytes, from))
        })
    }

    /// Sends, and once more if there is room after all: libc may notice late.
    pub(crate) fn send(&self, send: impl Fn(&UdpSocket) -> io::Result<usize>) -> io::Result<usize> {
        match send(&self.socket) {
            Err(error)
                if error.kind() == io::ErrorKind::WouldBlock && has_room(&self.socket, 0) =>
            {
                send(&self.socket)
            }
            result => result,
        }
    }

    pub(crate) fn connect(&self, address: SocketAddr) -> io::Result<()> {
        self.socket.connect(address)?;
        self.peeked.keep_of(address);
        Ok(())
    }
}
