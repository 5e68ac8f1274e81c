//! `take_error` of a socket without an error returns `None`.

use wasio_guests::driver::{accept, say};

fn main() {
    let mut listener = wasio_guests::listener();
    assert!(listener.take_error().expect("ask").is_none());
    let stream = accept(&mut listener);
    assert!(stream.take_error().expect("ask").is_none());
    say(&stream, "x");
}
