//! Reads a byte from each of eight descriptors that share sockets. The descriptor after them can be
//! neither read nor written.

use std::io::{ErrorKind, Read, Write};

const SHARED: u32 = 8;

fn main() {
    for index in 0..SHARED {
        let mut byte = [0];
        let mut stream = wasio_guests::std_stream(index);
        // The socket stays non-blocking, and the test may not have sent the byte yet.
        while let Err(error) = stream.read_exact(&mut byte) {
            assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
        }
        print!("{}", char::from(byte[0]));
    }
    let mut refused = wasio_guests::std_stream(SHARED);
    refused.read(&mut [0]).expect_err("read");
    refused.write(&[0]).expect_err("write");
    println!();
}
