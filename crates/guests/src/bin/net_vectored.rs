//! Vectored reads and writes move bytes in order, and arm the direction when they block.

use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};

use wasio::Interest;
use wasio_guests::driver::{Driver, accept, expect_kind, say};

fn main() {
    let mut stream = accept(&mut wasio_guests::listener());
    let mut driver = Driver::default();
    driver.register(&mut stream, 1, Interest::READABLE);
    // Without room, a read is neither the end nor blocked.
    assert_eq!(stream.read_vectored(&mut []).expect("nothing"), 0);
    assert_eq!(stream.write_vectored(&[]).expect("nothing"), 0);
    let mut got = Vec::new();
    // A buffer that was filled does not mean that the rest is missing: all was sent at once.
    let mut may_block = true;
    while got.len() < 11 {
        let (mut empty, mut first, mut second) = ([0; 0], [0; 4], [0; 32]);
        let read = stream.read_vectored(&mut [
            IoSliceMut::new(&mut empty),
            IoSliceMut::new(&mut first),
            IoSliceMut::new(&mut second),
        ]);
        match read {
            Ok(0) => panic!("the end"),
            Ok(count) => {
                let both = [&first[..], &second[..]].concat();
                got.extend_from_slice(&both[..count]);
                may_block = count != first.len();
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock && may_block => {
                driver.expect(1);
            }
            Err(error) => panic!("read: {error}"),
        }
    }
    assert_eq!(got, b"hello world");
    let mut buffer = [0; 8];
    let blocked = stream.read_vectored(&mut [IoSliceMut::new(&mut buffer)]);
    expect_kind(blocked, ErrorKind::WouldBlock);

    // All buffers in one call: separate segments would wait for the peer's delayed acknowledgement.
    let slices = [
        IoSlice::new(&[]),
        IoSlice::new(b"goo"),
        IoSlice::new(b"d bye"),
    ];
    assert_eq!(stream.write_vectored(&slices).expect("write"), 8);
    driver.expect(1);
    assert_eq!(driver.receive(&stream, 2), b"ok");
    say(&stream, ".");
}
