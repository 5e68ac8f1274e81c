//! Accepts one connection and echoes until the end of file.

use std::io::{Read, Write};

fn main() {
    let listener = wasio_guests::std_listener(0);
    let (mut stream, _) = listener.accept().expect("accept");
    let mut buffer = vec![0; 16 * 1024];
    let mut total = 0;
    loop {
        let count = stream.read(&mut buffer).expect("read");
        if count == 0 {
            break;
        }
        stream.write_all(&buffer[..count]).expect("write");
        total += count;
    }
    println!("{total} bytes");
}
