//! Writes 32 MiB to a peer that reads slowly. Writes block and continue after an event. While the
//! peer does not read, there are no events and no polls.

use std::io::{ErrorKind, Write};

use wasio_guests::driver::{BOTH, Driver, accept};

/// More than the system buffers for a connection: wasmtime 48 passes everything to it at once.
const LEN: usize = 32 << 20;

fn main() {
    let bytes: Vec<u8> = (0..251).cycle().take(LEN).collect();
    let mut stream = accept(&mut wasio_guests::listener());
    let mut driver = Driver::default();
    driver.register(&mut stream, 1, BOTH);
    let (mut sent, mut blocked, mut needless) = (0, 0_u32, 0_u32);
    while sent < LEN {
        assert!(driver.expect(1).is_writable());
        let before = sent;
        while sent < LEN {
            match stream.write(&bytes[sent..]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("write: {error}"),
            }
        }
        if blocked == 0 {
            // The peer reads nothing before that.
            println!("blocked");
        }
        blocked += u32::from(sent < LEN);
        needless += u32::from(sent == before);
    }
    assert!(blocked > 0, "the peer took all at once");
    assert!(
        needless <= 1 + blocked / 10,
        "{needless} of {blocked} in vain"
    );
    println!("{sent} bytes");
}
