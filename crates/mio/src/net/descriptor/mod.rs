//! TCP and UDP on the sockets of wasi-libc, for WASI 0.2.

mod connection;
mod linger;
mod listener;
mod stream;
mod udp;

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};

pub use self::listener::TcpListener;
pub use self::stream::TcpStream;
pub use self::udp::UdpSocket;

/// A TCP socket of the address's family that never blocks.
fn tcp_socket(address: SocketAddr) -> io::Result<Socket> {
    let domain = Domain::for_address(address);
    Socket::new(domain, Type::STREAM.nonblocking(), Some(Protocol::TCP))
}
