//! A descriptor that is closed while it is registered does not affect other sources. It is reported
//! once, under its own token.
#![allow(unsafe_code, reason = "closes a descriptor that is owned elsewhere")]

use std::io::Write;
use std::os::fd::AsRawFd;

use wasio::net::TcpStream;
use wasio::{Interest, SourceFd};
use wasio_guests::driver::{Driver, drain};

fn main() {
    let [edge, level, kept] = [0, 1, 2].map(|index| {
        let stream = wasio_guests::std_stream(index);
        stream.set_nonblocking(true).expect("non-blocking");
        stream
    });
    let (mut edge, mut kept) = (TcpStream::from_std(edge), TcpStream::from_std(kept));
    let mut driver = Driver::default();
    driver.register(&mut edge, 1, Interest::READABLE);
    let descriptor = level.as_raw_fd();
    driver.register(&mut SourceFd(&descriptor), 2, Interest::READABLE);
    driver.register(&mut kept, 3, Interest::READABLE);
    driver.expect_silence();

    // SAFETY: `edge` is forgotten at the end, and nothing is opened before.
    unsafe { wasio_guests::close(edge.as_raw_fd()) };
    drop(level);
    let mut events = Vec::new();
    while events.len() < 2 {
        events.extend(driver.next_events());
    }
    events.sort_by_key(wasio::event::Event::token);
    for (event, token) in events.iter().zip([1, 2]) {
        assert_eq!(event.token().0, token, "{events:?}");
        let all = event.is_error() && event.is_readable() && event.is_writable();
        assert!(all, "{event:?}");
    }
    driver.expect_silence();
    // The next call returns the error.
    let error = edge.write(b"x").expect_err("it is closed");
    assert_eq!(error.raw_os_error(), Some(8), "{error}");

    (&kept).write_all(b"1").expect("write");
    assert!(!driver.expect(3).is_error());
    assert_eq!(drain(&mut kept).0, b"hello");
    // A closed descriptor can still be deregistered.
    driver
        .poll
        .registry()
        .deregister(&mut edge)
        .expect("deregister");
    driver
        .poll
        .registry()
        .deregister(&mut SourceFd(&descriptor))
        .expect("deregister");
    driver.expect_silence();
    // The descriptor is already closed and must not be closed again.
    std::mem::forget(edge);
}
