//! Accepts a connection on each of two listeners, on the second one first, and sends the number of
//! its listener to each.

use std::io::Write;

fn main() {
    let listeners = [0, 1].map(wasio_guests::std_listener);
    for index in [1, 0] {
        let (mut stream, _) = listeners[index].accept().expect("accept");
        writeln!(stream, "{index}").expect("write");
    }
}
