//! WASI 0.1 cannot bind, connect or use UDP, and its errors name the version that can. Natively all
//! of it works.

use std::fmt::Debug;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use wasio::net::{TcpListener, TcpStream, UdpSocket};

fn check<T: Debug>(result: io::Result<T>) -> Option<T> {
    if cfg!(not(target_env = "p1")) {
        return Some(result.expect("works natively"));
    }
    let error = result.expect_err("WASI 0.1 cannot do this");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let text = error.to_string();
    assert!(text.contains("WASI 0.2"), "{text}");
    None
}

fn main() {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = check(TcpListener::bind(any));
    let addr = listener.map_or(any, |listener| listener.local_addr().expect("an address"));
    check(TcpStream::connect(addr));
    check(UdpSocket::bind(any));
}
