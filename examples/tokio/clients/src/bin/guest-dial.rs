//! A test guest: connects in all possible ways, and checks the errors. Its arguments are the
//! address of an echo server, an address without a listener, and an address that never answers.

use std::env;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::time::{Duration, Instant};

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, UdpSocket, lookup_host};
use tokio::time::timeout;
use wasio_tokio_examples::parse;

const PATIENCE: Duration = Duration::from_millis(300);
/// Slack for a busy machine.
const LONGEST: Duration = Duration::from_secs(10);

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let mut addresses = env::args().skip(1);
    let mut next = || parse::<SocketAddr>(&addresses.next().unwrap_or_default());
    let (echo, closed, silent) = (next()?, next()?, next()?);

    exchange(TcpStream::connect(echo).await?).await?;
    by_name(echo).await?;
    through_a_socket(echo).await?;
    through_the_standard_library(echo).await?;
    written_otherwise(echo).await?;
    peeking(echo).await?;
    datagrams().await?;

    let refused = TcpStream::connect(closed).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    // After a failure the next address is tried.
    exchange(TcpStream::connect(&[closed, echo][..]).await?).await?;
    let start = Instant::now();
    assert!(timeout(PATIENCE, TcpStream::connect(silent)).await.is_err());
    let took = start.elapsed();
    assert!((PATIENCE..LONGEST).contains(&took), "{took:?}");
    println!("done");
    Ok(())
}

async fn exchange(mut stream: TcpStream) -> io::Result<()> {
    for message in [&b"one"[..], &[7; 100_000]] {
        let (mut reader, mut writer) = stream.split();
        let mut answer = vec![0; message.len()];
        let (sent, received) =
            tokio::join!(writer.write_all(message), reader.read_exact(&mut answer));
        sent?;
        received?;
        assert!(answer == message);
    }
    Ok(())
}

/// tokio looks up names on a thread, which WASI does not have. It parses addresses without one.
async fn by_name(echo: SocketAddr) -> io::Result<()> {
    let found: Vec<_> = lookup_host(echo.to_string()).await?.collect();
    assert_eq!(found, [echo]);
    let named = ("localhost", echo.port()).to_socket_addrs()?;
    let found: Vec<_> = named.filter(SocketAddr::is_ipv4).collect();
    assert!(found.contains(&echo), "{found:?}");
    exchange(TcpStream::connect(&found[..]).await?).await
}

async fn through_a_socket(echo: SocketAddr) -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_keepalive(true)?;
    let stream = socket.connect(echo).await?;
    assert!(SockRef::from(&stream).keepalive()?);
    exchange(stream).await
}

/// Converts the stream to `std` and back, as the redis crate does to set options.
async fn through_the_standard_library(echo: SocketAddr) -> io::Result<()> {
    let stream = TcpStream::connect(echo).await?;
    let local = stream.local_addr()?;
    stream.set_nodelay(true)?;
    let stream = TcpStream::from_std(stream.into_std()?)?;
    assert!(stream.nodelay()?);
    stream.set_nodelay(false)?;
    let stream = stream.into_std()?;
    assert!(!stream.nodelay()?);
    stream.set_nodelay(true)?;
    let stream = TcpStream::from_std(stream)?;
    assert!(stream.nodelay()?);
    assert_eq!(stream.local_addr()?, local);
    assert_eq!(stream.peer_addr()?, echo);
    exchange(stream).await
}

/// The wildcard is this machine, and an IPv4 address may be written as an IPv6 one.
async fn written_otherwise(echo: SocketAddr) -> io::Result<()> {
    for address in ["0.0.0.0", "::ffff:127.0.0.1", "::ffff:0.0.0.0"] {
        let address: IpAddr = address.parse().expect("an address");
        exchange(TcpStream::connect((address, echo.port())).await?).await?;
    }
    Ok(())
}

async fn peeking(echo: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect(echo).await?;
    stream.write_all(b"hello").await?;
    let mut buffer = [0; 16];
    let mut peeked = 0;
    while peeked < 5 {
        peeked = stream.peek(&mut buffer).await?;
    }
    assert_eq!(&buffer[..5], b"hello");
    assert_eq!(stream.read(&mut buffer[..2]).await?, 2);
    stream.write_all(b"!").await?;
    let mut rest = [0; 4];
    stream.read_exact(&mut rest).await?;
    assert_eq!(&rest, b"llo!");
    exchange(stream).await
}

async fn datagrams() -> io::Result<()> {
    let one = UdpSocket::bind("127.0.0.1:0").await?;
    let other = UdpSocket::bind("127.0.0.1:0").await?;
    one.connect(other.local_addr()?).await?;
    assert_eq!(one.send(b"a datagram").await?, 10);
    let mut buffer = [0; 64];
    let from = one.local_addr()?;
    assert_eq!(other.peek_from(&mut buffer[..1]).await?, (1, from));
    assert_eq!(other.recv_from(&mut buffer).await?, (10, from));
    assert_eq!(&buffer[..10], b"a datagram");
    other.send_to(b"back", ("0.0.0.0", from.port())).await?;
    assert_eq!(one.recv(&mut buffer).await?, 4);
    let nothing = timeout(PATIENCE, one.recv(&mut buffer)).await;
    assert!(nothing.is_err());
    Ok(())
}
