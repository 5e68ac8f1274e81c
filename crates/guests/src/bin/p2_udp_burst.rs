//! A program that sends without waiting meanwhile gets on: a host may answer no more than some calls
//! until it is waited on, and sends beside the guest what came after those.

use std::io::{self, ErrorKind};

use wasio::net::UdpSocket;
use wasio_guests::driver::local;

const MANY: usize = 1000;
/// In one row; by far more than a host needs to send what it took.
const MOST_TRIES: usize = 1_000_000;

fn main() {
    bursts(&UdpSocket::bind(local()).expect("bind"));
    let of_std = std::net::UdpSocket::bind(local()).expect("bind");
    of_std.set_nonblocking(true).expect("non-blocking");
    bursts(&UdpSocket::from_std(of_std));
}

fn bursts(sender: &UdpSocket) {
    let receiver = UdpSocket::bind(local()).expect("bind");
    let address = receiver.local_addr().expect("an address");
    burst(|| sender.send_to(b"to", address));
    sender.connect(address).expect("connect");
    burst(|| sender.send(b"connected"));
}

fn burst(send: impl Fn() -> io::Result<usize>) {
    let mut blocked = 0;
    for number in 0..MANY {
        let mut tries = 0;
        while let Err(error) = send() {
            assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
            tries += 1;
            assert!(tries < MOST_TRIES, "datagram {number} is never sent");
        }
        blocked += tries;
    }
    println!("would block {blocked} times");
}
