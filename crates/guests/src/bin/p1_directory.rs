//! Registering a directory fails, because no host can wait for one. A file is always ready.

use std::io::ErrorKind;
use std::os::fd::AsRawFd;

use wasio::{Interest, SourceFd, Token};
use wasio_guests::driver::{Driver, expect_kind};

fn main() {
    let mut driver = Driver::default();
    let registry = driver.poll.registry();
    // The directory is the first descriptor after the standard streams.
    let result = registry.register(&mut SourceFd(&3), Token(1), Interest::READABLE);
    expect_kind(result, ErrorKind::InvalidInput);
    expect_kind(registry.deregister(&mut SourceFd(&3)), ErrorKind::NotFound);

    let file = std::fs::File::open("/given/file").expect("open");
    let descriptor = file.as_raw_fd();
    driver.register(&mut SourceFd(&descriptor), 2, Interest::READABLE);
    for _ in 0..3 {
        assert!(driver.expect(2).is_readable());
    }
    driver
        .poll
        .registry()
        .deregister(&mut SourceFd(&descriptor))
        .expect("deregister");
    driver.expect_silence();
}
