//! Peers that have left before they are accepted do not stop a server, with a listener of wasio or
//! of the standard library. Prints how many there were, then serves one that has not left.

use std::io::{ErrorKind, Read};

use wasio::Interest;
use wasio::net::{TcpListener, TcpStream};
use wasio_guests::driver::{Driver, accept, hear, say};

fn main() {
    let listener = wasio_guests::listener();
    let std_listener = wasio_guests::std_listener(1);
    std_listener.set_nonblocking(true).expect("non-blocking");
    let mut listeners = [listener, TcpListener::from_std(std_listener)];
    let mut control = accept(&mut listeners[0]);
    hear(&mut control, 2);
    for listener in &mut listeners {
        let mut gone = 0;
        let stream = loop {
            let mut stream = accept(listener);
            // Whether there is an answer differs, also for a peer that is gone.
            let _ = stream.peer_addr();
            if is_there(&mut stream) {
                break stream;
            }
            gone += 1;
        };
        say(&stream, "served");
        println!("{gone} gone");
    }
}

/// Returns whether the peer sends its byte before the end of the stream or an error.
fn is_there(stream: &mut TcpStream) -> bool {
    let mut driver = Driver::with_capacity(1);
    driver.register(stream, 1, Interest::READABLE);
    let mut bytes = [0; 16];
    loop {
        match stream.read(&mut bytes) {
            Ok(len @ 1..) if bytes[..len] == *b"there" => return true,
            Ok(1..) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                driver.expect(1);
            }
            Ok(0) | Err(_) => return false,
        }
    }
}
