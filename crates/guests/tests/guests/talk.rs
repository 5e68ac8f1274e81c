//! What the test and its guest say to each other: the guest says how far it is, the
//! test answers with the next thing.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

/// Wants exactly `text` next.
pub(crate) fn hear(mut stream: &TcpStream, text: &str) {
    let mut got = vec![0; text.len()];
    stream.read_exact(&mut got).expect("the guest says more");
    assert_eq!(String::from_utf8_lossy(&got), text);
}

pub(crate) fn say(mut stream: &TcpStream, text: &str) {
    stream
        .write_all(text.as_bytes())
        .expect("the guest listens");
}

/// Wants the end of file, and nothing before it.
pub(crate) fn hear_end(mut stream: &TcpStream) {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).expect("the end");
    assert_eq!(String::from_utf8_lossy(&rest), "");
}

/// Sends the end of file.
pub(crate) fn end(stream: &TcpStream) {
    stream.shutdown(Shutdown::Write).expect("shut down");
}
