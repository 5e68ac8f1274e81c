//! On a host that forbids the network, each call gives a clear error, and none traps.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use wasio::Interest;
use wasio::net::{TcpListener, TcpStream, UdpSocket};
use wasio_guests::driver::{Driver, failed_lookup};

fn main() {
    // Free on a host with a network.
    let any = "127.0.0.1:0".parse().expect("an address");
    let errors = [
        TcpListener::bind(any).expect_err("no network"),
        of_connect("127.0.0.1:9".parse().expect("an address")),
        UdpSocket::bind(any).expect_err("no network"),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
        assert!(error.to_string().contains("network"), "{error}");
    }
    let error = failed_lookup("localhost");
    assert!(error.to_string().contains("permitted"), "{error}");
    // The host refuses the request before it is sent, with a name and with an address.
    #[cfg(not(wasio_backend = "p3"))]
    for authority in ["127.0.0.1:9", "localhost:9"] {
        wasio_guests::http::expect_denied(authority);
    }
}

/// wasmtime 46 refuses to start the attempt, and wasmtime 48 lets it fail.
fn of_connect(address: SocketAddr) -> io::Error {
    let mut stream = match TcpStream::connect(address) {
        Ok(stream) => stream,
        Err(error) => return error,
    };
    let mut driver = Driver::default();
    driver.register(&mut stream, 1, Interest::WRITABLE);
    driver.expect(1);
    stream.take_error().expect("ask").expect("an error")
}
