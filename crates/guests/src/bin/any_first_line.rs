//! Reads its standard input up to the end of the first line, and no further.

use std::io::Read;

fn main() {
    let stdin = wasio_guests::stdin::unbuffered();
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        let mut byte = [0];
        let len = (&*stdin).read(&mut byte).expect("read");
        assert_eq!(len, 1, "no end of the line");
        line.push(byte[0]);
    }
    print!("{}", String::from_utf8(line).expect("text"));
}
