//! Sends each datagram back to its sender, and ends after the datagram `end`.

use std::env;
use std::io;

use tokio::net::UdpSocket;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1);
    let socket = UdpSocket::bind(address.as_deref().unwrap_or("127.0.0.1:0")).await?;
    println!("listening {}", socket.local_addr()?);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let (len, from) = socket.recv_from(&mut buffer).await?;
        socket.send_to(&buffer[..len], from).await?;
        if &buffer[..len] == b"end" {
            return Ok(());
        }
    }
}
