//! UDP sockets of the standard library, which wasi-libc made of WASI 0.2.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use super::std_socket::has_room;
use crate::lock::Lock;

/// The longest datagram.
const MAX_LEN: usize = 64 * 1024;

pub(crate) struct StdUdp {
    pub(super) socket: UdpSocket,
    /// What a peek received, for the next receive: libc cannot leave it in the socket.
    peeked: Lock<Option<Datagram>>,
}

/// The bytes and their sender.
pub(super) type Datagram = (Vec<u8>, SocketAddr);

impl StdUdp {
    /// libc opens the host's streams of datagrams with the first call that needs them, and calls the
    /// socket ready in both directions until then. So one is sent that is too long for any host.
    /// (jco ends the program for one without a port.)
    pub(super) fn new(socket: UdpSocket) -> Self {
        let too_long = vec![0; MAX_LEN + 1];
        let _ = (socket.local_addr()).and_then(|itself| socket.send_to(&too_long, itself));
        Self {
            socket,
            peeked: Lock::new(None),
        }
    }

    pub(super) fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match self.peeked.lock().take() {
            Some((bytes, from)) => Ok((copy(&bytes, buffer), from)),
            None => self.socket.recv_from(buffer),
        }
    }

    pub(super) fn peek(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        peek(&mut self.peeked.lock(), buffer, || {
            let mut bytes = vec![0; MAX_LEN];
            let (len, from) = self.socket.recv_from(&mut bytes)?;
            bytes.truncate(len);
            Ok((bytes, from))
        })
    }

    /// Sends, and once more if there is room after all: libc may notice late.
    pub(super) fn send(&self, send: impl Fn(&UdpSocket) -> io::Result<usize>) -> io::Result<usize> {
        match send(&self.socket) {
            Err(error)
                if error.kind() == io::ErrorKind::WouldBlock && has_room(&self.socket, 0) =>
            {
                send(&self.socket)
            }
            result => result,
        }
    }

    pub(super) fn connect(&self, address: SocketAddr) -> io::Result<()> {
        self.socket.connect(address)?;
        // It may be from another sender.
        *self.peeked.lock() = None;
        Ok(())
    }
}

/// Copies the datagram that was peeked, which is received first if there is none.
pub(super) fn peek(
    peeked: &mut Option<Datagram>,
    buffer: &mut [u8],
    receive: impl FnOnce() -> io::Result<Datagram>,
) -> io::Result<(usize, SocketAddr)> {
    let datagram = match peeked.take() {
        Some(datagram) => datagram,
        None => receive()?,
    };
    let (bytes, from) = peeked.insert(datagram);
    Ok((copy(bytes, buffer), *from))
}

/// Copies a datagram to a buffer; what there is no room for is lost.
pub(super) fn copy(datagram: &[u8], buffer: &mut [u8]) -> usize {
    let len = datagram.len().min(buffer.len());
    buffer[..len].copy_from_slice(&datagram[..len]);
    len
}
