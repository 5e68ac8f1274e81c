//! A port that nobody serves, and that nobody else gets.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};

use socket2::{Domain, Socket, Type};

/// How often a port is tried that has no owner for TCP, and may have one for UDP.
const TRIES: usize = 100;

/// What holds the port.
#[derive(Debug)]
pub(crate) struct Nobody {
    pub(crate) address: SocketAddr,
    _tcp: Socket,
    _udp: UdpSocket,
}

impl Nobody {
    /// Takes a port for TCP and UDP.
    pub(crate) fn new() -> io::Result<Self> {
        for _ in 0..TRIES {
            match Self::try_new() {
                Err(error) if error.kind() == ErrorKind::AddrInUse => {}
                result => return result,
            }
        }
        Err(io::Error::other(format!(
            "none of {TRIES} ports is free for both TCP and UDP"
        )))
    }

    fn try_new() -> io::Result<Self> {
        // It is bound, and nobody listens: connections are refused.
        let tcp = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        tcp.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
        let address = tcp.local_addr()?.as_socket();
        let address = address.ok_or_else(|| io::Error::other("a port without an address"))?;
        // It takes only what comes from itself: the datagrams of others are refused.
        let udp = UdpSocket::bind(address)?;
        udp.connect(address)?;
        Ok(Self {
            address,
            _tcp: tcp,
            _udp: udp,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;
    use std::time::Duration;

    use super::*;

    #[test]
    fn nobody_refuses_and_nobody_else_gets_its_port() {
        let nobody = Nobody::new().expect("a port");
        let taken = UdpSocket::bind(nobody.address).expect_err("it is held");
        assert_eq!(taken.kind(), ErrorKind::AddrInUse);
        let refused = TcpStream::connect(nobody.address).expect_err("nobody listens");
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.connect(nobody.address).expect("an address");
        let limit = Some(Duration::from_secs(10));
        socket.set_read_timeout(limit).expect("a limit");
        socket.send(b"for nobody").expect("it is sent");
        let refused = socket.recv(&mut [0; 9]).expect_err("nobody answers");
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    }
}
