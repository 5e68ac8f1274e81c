//! Accepts a connection on each of two listeners, the second first, and says
//! on each which one it is.

use std::io::Write;

fn main() {
    let listeners = [0, 1].map(wasio_guests::std_listener);
    for index in [1, 0] {
        let (mut stream, _) = listeners[index].accept().expect("accept");
        writeln!(stream, "{index}").expect("write");
    }
}
