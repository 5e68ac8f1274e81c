//! Sockets that came from the standard library can be peeked at: what was peeked is read next.

use std::io::{ErrorKind, Read, Write};

use wasio::Interest;
use wasio::net::TcpListener;
use wasio_guests::driver::{Driver, accept, expect_kind};

fn main() {
    let listener = wasio_guests::std_listener(0);
    listener.set_nonblocking(true).expect("non-blocking");
    let mut stream = accept(&mut TcpListener::from_std(listener));
    let mut driver = Driver::default();
    driver.register(&mut stream, 1, Interest::READABLE);
    let (mut small, mut large) = ([0; 2], [0; 16]);
    // An event is a hint: the first may come before the bytes.
    while let Err(error) = stream.peek(&mut large) {
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
        driver.expect(1);
    }
    for _ in 0..2 {
        assert_eq!(stream.peek(&mut small).expect("peek"), 2);
        assert_eq!(&small, b"he");
        assert_eq!(stream.peek(&mut large).expect("peek"), 5);
        assert_eq!(&large[..5], b"hello");
    }
    assert_eq!(stream.read(&mut small).expect("read"), 2);
    assert_eq!(stream.read(&mut large).expect("read"), 3);
    assert_eq!(&large[..3], b"llo");
    expect_kind(stream.peek(&mut large), ErrorKind::WouldBlock);

    // The end can be peeked at, and is still there for the read.
    stream.write_all(b"1").expect("write");
    while let Err(error) = stream.peek(&mut large) {
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
        driver.expect(1);
    }
    assert_eq!(stream.peek(&mut large).expect("the end"), 0);
    assert_eq!(stream.read(&mut large).expect("the end"), 0);

    #[cfg(not(target_env = "p1"))]
    datagrams();
}

#[cfg(not(target_env = "p1"))]
fn datagrams() {
    use wasio::net::UdpSocket;

    let [one, two] = [(); 2].map(|()| {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("bind");
        socket.set_nonblocking(true).expect("non-blocking");
        socket
    });
    let (at_one, at_two) = (
        one.local_addr().expect("an address"),
        two.local_addr().expect("an address"),
    );
    let (mut one, two) = (UdpSocket::from_std(one), UdpSocket::from_std(two));
    let mut driver = Driver::default();
    driver.register(&mut one, 2, Interest::READABLE);
    let mut buffer = [0; 16];
    for text in [&b"hello"[..], b"again"] {
        two.send_to(text, at_one).expect("send");
    }
    for text in [&b"hello"[..], b"again"] {
        while let Err(error) = one.peek_from(&mut buffer) {
            assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
            driver.expect(2);
        }
        assert_eq!(one.peek_from(&mut buffer).expect("peek"), (5, at_two));
        assert_eq!(one.recv_from(&mut buffer).expect("receive"), (5, at_two));
        assert_eq!(&buffer[..5], text);
    }
    expect_kind(one.peek_from(&mut buffer), ErrorKind::WouldBlock);

    one.connect(at_two).expect("connect");
    two.send_to(b"third", at_one).expect("send");
    while let Err(error) = one.peek(&mut buffer) {
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
        driver.expect(2);
    }
    assert_eq!(one.recv(&mut buffer).expect("receive"), 5);
    assert_eq!(&buffer[..5], b"third");
}
