//! At the limit of handles one more socket or look-up is refused with an error. The others go on, and
//! when one of them is dropped there is room again.

use std::fmt::Debug;
use std::io::{self, ErrorKind};

use wasio::Interest;
use wasio::net::{self, TcpListener, TcpStream, UdpSocket};
use wasio_guests::driver::{Driver, local, say};

fn main() {
    let limit = std::env::args().nth(1);
    let limit = limit.expect("the limit").parse().expect("a number");
    net::set_handle_limit(limit);
    let mut listener = wasio_guests::listener();
    let mut driver = Driver::default();
    driver.register(&mut listener, 0, Interest::READABLE);
    let mut streams = Vec::new();
    let refused = loop {
        match accept(&listener, &mut driver) {
            Ok(stream) => streams.push(stream),
            Err(error) => break error,
        }
    };
    println!("{} connections", streams.len());
    expect_refused::<()>(Err(refused));
    // The peer still waits, so there is an event for each accept that fails.
    for _ in 0..4 {
        driver.expect(0);
        expect_refused(listener.accept());
    }
    expect_refused(TcpListener::bind(local()));
    expect_refused(TcpStream::connect(
        listener.local_addr().expect("an address"),
    ));
    expect_refused(UdpSocket::bind(local()));
    // A look-up has fewer handles than a socket.
    let mut lookups = Vec::new();
    let refused = loop {
        match net::lookup("localhost") {
            Ok(lookup) => lookups.push(lookup),
            Err(error) => break error,
        }
    };
    assert!(lookups.len() < 7, "{lookups:?}");
    expect_refused::<()>(Err(refused));
    drop(lookups);

    let mut last = streams.pop().expect("a connection");
    say(&last, "hello");
    drop(streams.pop());
    drop(accept(&listener, &mut driver).expect("there is room"));
    driver.deregister(&mut listener);
    driver.register(&mut last, 1, Interest::READABLE);
    assert_eq!(driver.receive(&last, 5), b"hello");
}

fn accept(listener: &TcpListener, driver: &mut Driver) -> io::Result<TcpStream> {
    loop {
        match listener.accept() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => driver.expect(0),
            result => return result.map(|(stream, _)| stream),
        };
    }
}

fn expect_refused<T: Debug>(result: io::Result<T>) {
    let error = result.expect_err("it is one too many");
    assert_eq!(error.kind(), ErrorKind::QuotaExceeded, "{error}");
    assert!(error.to_string().contains("set_handle_limit"), "{error}");
}
