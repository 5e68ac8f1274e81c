//! On a host that forbids look-ups, a name gives a clear error and addresses work.

use std::io::ErrorKind;

use wasio::net::{TcpListener, TcpStream, lookup};
use wasio::{HostError, Interest};
use wasio_guests::driver::{BOTH, Driver, accept, failed_lookup};

fn main() {
    let error = failed_lookup("localhost");
    assert_eq!(error.kind(), ErrorKind::Other, "{error}");
    let text = error.to_string();
    assert!(text.contains("\"localhost\""), "{text}");
    assert!(text.contains("permitted"), "{text}");
    let host = error.get_ref().and_then(|error| error.downcast_ref());
    let code = host.and_then(HostError::code);
    assert_eq!(code, Some("permanent-resolver-failure"));

    #[cfg(not(wasio_backend = "p3"))]
    wasio_guests::http::expect_denied("localhost:9");

    let mut driver = Driver::default();
    let mut literal = lookup("127.0.0.1").expect("start");
    driver.register(&mut literal, 1, Interest::READABLE);
    driver.expect(1);
    let address = literal.next_address().expect("an answer").expect("one");
    drop(literal);
    let mut listener = TcpListener::bind((address, 0).into()).expect("bind");
    let address = listener.local_addr().expect("an address");
    let mut stream = TcpStream::connect(address).expect("connect");
    driver.register(&mut stream, 2, BOTH);
    let accepted = accept(&mut listener);
    driver.expect(2);
    assert_eq!(accepted.local_addr().expect("an address"), address);
}
