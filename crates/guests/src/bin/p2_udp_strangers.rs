//! A connected UDP socket receives nothing of others, also what they sent before it was connected.

use std::net::{Ipv4Addr, SocketAddr};

use wasio::Interest;
use wasio::net::UdpSocket;
use wasio_guests::driver::Driver;

const EARLY: usize = 3;

fn main() {
    let [receiver, stranger, peer] = [(); 3].map(|()| bound());
    let address = receiver.local_addr().expect("an address");
    let mut driver = Driver::default();
    let mut stranger = stranger;
    driver.register(&mut stranger, 1, Interest::WRITABLE);
    for _ in 0..EARLY {
        send(&mut driver, &stranger, address);
    }
    receiver
        .connect(peer.local_addr().expect("an address"))
        .expect("connect");
    driver.deregister(&mut stranger);

    let mut peer = peer;
    driver.register(&mut peer, 2, Interest::WRITABLE);
    send(&mut driver, &peer, address);
    driver.deregister(&mut peer);

    let mut receiver = receiver;
    driver.register(&mut receiver, 3, Interest::READABLE);
    driver.expect(3);
    let mut bytes = [0; 16];
    let (len, sender) = receiver.recv_from(&mut bytes).expect("a datagram");
    assert_eq!(&bytes[..len], b"hello");
    assert_eq!(sender, peer.local_addr().expect("an address"));
}

fn bound() -> UdpSocket {
    UdpSocket::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("bind")
}

/// Sends, and waits for the host where it takes none at first.
fn send(driver: &mut Driver, socket: &UdpSocket, target: SocketAddr) {
    while socket.send_to(b"hello", target).is_err() {
        driver.turn();
    }
}
