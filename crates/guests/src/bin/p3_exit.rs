//! What was written is not lost when the program then ends without dropping anything: bytes of a stream
//! that its peer has no room for yet, datagrams, and standard output.

use std::io::Write;
use std::net::SocketAddr;

use wasio::net::{TcpStream, UdpSocket};
use wasio::{Interest, stdio};
use wasio_guests::driver::{Driver, fill, local};

fn main() {
    let mut args = std::env::args().skip(1);
    let mut next = || -> SocketAddr { args.next().expect("an address").parse().unwrap() };
    let (stream_to, datagrams_to) = (next(), next());

    let mut stream = TcpStream::connect(stream_to).expect("connect");
    let mut driver = Driver::default();
    driver.register(&mut stream, 1, Interest::WRITABLE);
    driver.expect(1);
    let sent = fill(&stream);

    let socket = UdpSocket::bind(local()).expect("bind");
    for number in 0..10 {
        socket.send_to(&[number], datagrams_to).expect("send");
    }
    drop(socket);

    let mut stdout = stdio::stdout().expect("standard output");
    let text = format!("{sent} bytes\n");
    assert_eq!(stdout.write(text.as_bytes()).expect("write"), text.len());
    std::process::exit(0);
}
