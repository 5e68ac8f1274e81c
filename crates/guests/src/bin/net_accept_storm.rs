//! Accepts many connections that arrive at once, and sends back the byte of each.

use std::io::ErrorKind;

use wasio::net::TcpStream;
use wasio::{Interest, Token};
use wasio_guests::driver::{Driver, drain, say};

const LISTENER: usize = usize::MAX;

fn main() {
    let count: usize = std::env::args().nth(1).expect("a count").parse().unwrap();
    let mut listener = wasio_guests::listener();
    let mut driver = Driver::with_capacity(16);
    driver.register(&mut listener, LISTENER, Interest::READABLE);
    let mut streams: Vec<Option<TcpStream>> = Vec::new();
    let mut served = 0;
    while served < count {
        for event in driver.next_events() {
            let Token(token) = event.token();
            if token != LISTENER {
                let stream = streams[token].as_mut().expect("an event after the end");
                let (bytes, _) = drain(stream);
                if let [byte] = bytes[..] {
                    say(stream, &char::from(byte).to_string());
                    streams[token] = None;
                    served += 1;
                }
                continue;
            }
            loop {
                match listener.accept() {
                    Ok((mut stream, _)) => {
                        driver.register(&mut stream, streams.len(), Interest::READABLE);
                        streams.push(Some(stream));
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => panic!("accept: {error}"),
                }
            }
        }
    }
    assert_eq!(streams.len(), count);
}
