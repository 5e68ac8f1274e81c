//! A descriptor that the host refuses to poll counts as always ready. It neither makes the poll
//! fail nor hides other sources.

use std::io::Write;

use wasio::{Interest, SourceFd, Token};
use wasio_guests::driver::{Driver, drain};

const REFUSED: i32 = 4;

fn main() {
    let stream = wasio_guests::std_stream(0);
    stream.set_nonblocking(true).expect("non-blocking");
    let mut stream = wasio::net::TcpStream::from_std(stream);
    let mut driver = Driver::default();
    driver.register(&mut stream, 1, Interest::READABLE);
    driver.register(&mut SourceFd(&REFUSED), 2, Interest::READABLE);
    for _ in 0..3 {
        driver.expect(2);
    }
    (&stream).write_all(b"1").expect("write");
    // The other source is still reported.
    let mut seen = false;
    while !seen {
        seen = driver
            .next_events()
            .iter()
            .any(|event| event.token() == Token(1));
    }
    assert_eq!(drain(&mut stream).0, b"hello");
    driver
        .poll
        .registry()
        .deregister(&mut SourceFd(&REFUSED))
        .expect("deregister");
    driver.expect_silence();
}
