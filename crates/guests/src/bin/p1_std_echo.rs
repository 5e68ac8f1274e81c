//! Sends a greeting on the stream that the host opened as descriptor 3, and echoes one line.

use std::io::{Read, Write};

fn main() {
    let mut stream = wasio_guests::std_stream(0);
    stream.write_all(b"hello\n").expect("write");
    let mut byte = [0];
    while byte != *b"\n" {
        stream.read_exact(&mut byte).expect("read");
        stream.write_all(&byte).expect("write");
    }
}
