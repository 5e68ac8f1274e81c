//! A connected UDP socket whose peer does not hear it. Prints how often the poll returned in the first
//! second. Then the peer hears it after all. The host says once that the datagram was refused.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use wasio::Interest;
use wasio::net::UdpSocket;
use wasio_guests::driver::{Driver, local};

const SECOND: Duration = Duration::from_secs(1);

fn main() {
    // It hears only itself, so a datagram of another socket is refused. It keeps its port: no other
    // program can receive the datagram.
    let peer = UdpSocket::bind(local()).expect("bind");
    let address = peer.local_addr().expect("an address");
    peer.connect(address).expect("connect");
    let mut socket = UdpSocket::bind(local()).expect("bind");
    socket.connect(address).expect("connect");
    let mut driver = Driver::default();
    driver.register(&mut socket, 1, Interest::READABLE);
    socket.send(b"anybody?").expect("send");

    let (start, mut polls, mut refused) = (Instant::now(), 0, 0);
    while let Some(left) = SECOND.checked_sub(start.elapsed()) {
        let polled = driver.poll.poll(&mut driver.events, Some(left));
        polled.expect("poll");
        polls += 1;
        assert_eq!(receive(&socket, &mut refused), None, "from nobody");
    }
    println!("{polls} polls");

    peer.connect(socket.local_addr().expect("an address"))
        .expect("connect");
    peer.send(b"here").expect("send");
    let datagram = loop {
        if let Some(datagram) = receive(&socket, &mut refused) {
            break datagram;
        }
        driver.expect(1);
    };
    assert_eq!((datagram, refused), (b"here".to_vec(), 1));
}

/// Receives a datagram, and counts the errors before it.
fn receive(socket: &UdpSocket, refused: &mut u32) -> Option<Vec<u8>> {
    let mut buffer = [0; 64];
    loop {
        match socket.recv(&mut buffer) {
            Ok(len) => return Some(buffer[..len].to_vec()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{error}"),
        }
        *refused += 1;
    }
}
