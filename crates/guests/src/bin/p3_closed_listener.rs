//! Listeners are dropped while connections wait to be accepted: some with the program, which has
//! not taken them, and some with the system. Each of those ends. It exits without dropping the rest,
//! and the test counts the resources that the host still keeps.

use std::io::{ErrorKind, Read};

use wasio::Interest;
use wasio::net::{TcpListener, TcpStream};
use wasio_guests::driver::{BOTH, Driver, local};

const CONNECTIONS: usize = 8;
/// The token of the listener, after those of the connections.
const LISTENER: usize = CONNECTIONS;

fn main() {
    let rounds = std::env::args().nth(1);
    let rounds: usize = rounds.map_or(1, |count| count.parse().expect("a number"));
    for round in 0..rounds {
        let is_registered = round % 2 == 0;
        let accepts_one = round % 4 >= 2;
        close(is_registered, accepts_one);
    }
    println!("{} connections", rounds * CONNECTIONS);
    std::process::exit(0);
}

fn close(is_registered: bool, accepts_one: bool) {
    let mut driver = Driver::default();
    let mut listener = TcpListener::bind(local()).expect("bind");
    let address = listener.local_addr().expect("an address");
    if is_registered {
        driver.register(&mut listener, LISTENER, Interest::READABLE);
    }
    let mut streams: Vec<TcpStream> = (0..CONNECTIONS)
        .map(|token| {
            let mut stream = TcpStream::connect(address).expect("connect");
            driver.register(&mut stream, token, BOTH);
            stream
        })
        .collect();
    let is_connected = |stream: &TcpStream| stream.peer_addr().is_ok();
    while !streams.iter().all(is_connected) {
        driver.next_events();
    }
    let accepted = accepts_one.then(|| accept(&listener, &mut driver));
    drop(listener);
    drop(accepted);
    for stream in &mut streams {
        expect_end(stream, &mut driver);
    }
}

fn accept(listener: &TcpListener, driver: &mut Driver) -> TcpStream {
    loop {
        match listener.accept() {
            Ok((stream, _)) => return stream,
            // One that is not registered has no event: the next call finds it.
            Err(error) if error.kind() == ErrorKind::WouldBlock => driver.turn(),
            Err(error) => panic!("accept: {error}"),
        }
    }
}

/// The end of a stream, or a reset: which of them is up to the system.
fn expect_end(stream: &mut TcpStream, driver: &mut Driver) {
    loop {
        match stream.read(&mut [0]) {
            Ok(0) => return,
            Ok(count) => panic!("{count} bytes"),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return,
            Err(error) if error.kind() == ErrorKind::WouldBlock => drop(driver.next_events()),
            Err(error) => panic!("read: {error}"),
        }
    }
}
