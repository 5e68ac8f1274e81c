//! What is here and not in mio, on WASI.
#![cfg(target_os = "wasi")]

use std::io;

use mio::{Registry, Token, Waker};

#[test]
fn a_waker() {
    let _: fn(&Registry, Token) -> io::Result<Waker> = Waker::new;
    let _: fn(&Waker) -> io::Result<()> = Waker::wake;
}

#[cfg(feature = "os-ext")]
#[test]
fn a_source_of_a_descriptor() {
    fn is_source<T: mio::event::Source>() {}
    is_source::<mio::wasi::SourceFd<'_>>();
}

#[cfg(all(feature = "net", target_env = "p1"))]
#[test]
fn sockets_that_are_refused_at_run_time() {
    let address = "127.0.0.1:0".parse().unwrap();
    let errors = [
        mio::net::TcpListener::bind(address).map(drop).unwrap_err(),
        mio::net::TcpStream::connect(address).map(drop).unwrap_err(),
        mio::net::UdpSocket::bind(address).map(drop).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
    }
}
