//! A host that gives no network: a clear error for each call, and no trap.

use std::io::ErrorKind;

use wasio::net::{TcpListener, TcpStream, UdpSocket, lookup};
use wasio_guests::http;
use wasip2::http::types::ErrorCode;

fn main() {
    let address = "127.0.0.1:9".parse().expect("an address");
    let errors = [
        TcpListener::bind(address).map(drop),
        TcpStream::connect(address).map(drop),
        UdpSocket::bind(address).map(drop),
    ];
    for error in errors.map(Result::unwrap_err) {
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
        assert!(error.to_string().contains("network"), "{error}");
    }
    // Refused by the host before it is sent; by a name or an address.
    for authority in ["127.0.0.1:9", "localhost:9"] {
        let error = http::send(authority).expect_err("no network");
        assert!(matches!(error, ErrorCode::HttpRequestDenied), "{error}");
    }
    let error = lookup("localhost").expect_err("no network");
    assert!(error.to_string().contains("permitted"), "{error}");
}
