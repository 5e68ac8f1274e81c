//! A stream that came from the standard library sends what was written before it was dropped, as
//! wasio's own streams do.

use wasio::net::TcpListener;
use wasio_guests::driver::{accept, fill};

fn main() {
    let listener = wasio_guests::std_listener(0);
    listener.set_nonblocking(true).expect("non-blocking");
    let stream = accept(&mut TcpListener::from_std(listener));
    // More than the network has room for: the host keeps the rest.
    let sent = fill(&stream);
    drop(stream);
    println!("{sent} bytes");
}
