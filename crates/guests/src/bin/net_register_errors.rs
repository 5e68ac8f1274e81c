//! Registering twice, deregistering a source that is not registered, and using another registry:
//! each gives its error, and changes nothing.

use std::io::ErrorKind::{AlreadyExists, NotFound};
use std::os::fd::AsRawFd;

use wasio::net::TcpStream;
use wasio::{Interest, SourceFd, Token};
use wasio_guests::driver::{Driver, accept_std, expect_kind};

const INTEREST: Interest = Interest::READABLE;

fn main() {
    let [stream] = accept_std();
    let descriptor = stream.as_raw_fd();
    let mut stream = TcpStream::from_std(stream);
    let mut driver = Driver::default();
    let other = Driver::default();
    let (registry, stranger) = (driver.poll.registry(), other.poll.registry());

    expect_kind(registry.deregister(&mut stream), NotFound);
    expect_kind(
        registry.reregister(&mut stream, Token(1), INTEREST),
        NotFound,
    );
    registry
        .register(&mut stream, Token(1), INTEREST)
        .expect("register");
    expect_kind(
        registry.register(&mut stream, Token(2), INTEREST),
        AlreadyExists,
    );
    expect_kind(
        stranger.register(&mut stream, Token(2), INTEREST),
        AlreadyExists,
    );
    expect_kind(
        stranger.reregister(&mut stream, Token(2), INTEREST),
        AlreadyExists,
    );
    expect_kind(stranger.deregister(&mut stream), NotFound);
    // The descriptor of a source that is already registered.
    let mut same = SourceFd(&descriptor);
    expect_kind(
        registry.register(&mut same, Token(3), INTEREST),
        AlreadyExists,
    );
    expect_kind(stranger.deregister(&mut same), NotFound);

    // The first registration is still in effect.
    driver.expect(1);
    let registry = driver.poll.registry();
    registry.deregister(&mut stream).expect("deregister");
    expect_kind(registry.deregister(&mut stream), NotFound);
    expect_kind(registry.deregister(&mut same), NotFound);
    expect_kind(
        registry.reregister(&mut stream, Token(1), INTEREST),
        NotFound,
    );
    // Now it can be registered with another.
    stranger
        .register(&mut stream, Token(4), INTEREST)
        .expect("register");
}
