//! UDP sockets of the standard library, which wasi-libc made of WASI 0.2.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use super::std_socket::has_room;

/// The longest datagram.
const MAX_LEN: usize = 64 * 1024;

/// libc opens the host's streams of datagrams with the first call that needs them, and calls the
/// socket ready in both directions until then. So one is sent that is too long for any host. (jco
/// ends the program for one without a port.)
pub(super) fn open(socket: &UdpSocket) {
    let too_long = vec![0; MAX_LEN + 1];
    let _ = (socket.local_addr()).and_then(|itself| socket.send_to(&too_long, itself));
}

/// Sends, and once more if there is room after all: libc may notice late.
pub(super) fn send(socket: &UdpSocket, send: impl Fn() -> io::Result<usize>) -> io::Result<usize> {
    match send() {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock && has_room(socket, 0) => send(),
        result => result,
    }
}

/// Receives a datagram with all of its bytes, and its sender.
pub(super) fn receive(socket: &UdpSocket) -> io::Result<(Vec<u8>, SocketAddr)> {
    let mut bytes = vec![0; MAX_LEN];
    let (len, from) = socket.recv_from(&mut bytes)?;
    bytes.truncate(len);
    Ok((bytes, from))
}

/// Copies a datagram to a buffer; what there is no room for is lost.
pub(super) fn copy(datagram: &[u8], buffer: &mut [u8]) -> usize {
    let len = datagram.len().min(buffer.len());
    buffer[..len].copy_from_slice(&datagram[..len]);
    len
}
