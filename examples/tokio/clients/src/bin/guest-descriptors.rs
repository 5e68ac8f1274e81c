//! A test guest: the descriptors of sockets. Its argument is the address of an echo server.

use std::env;
use std::io::{self, ErrorKind, Read};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::time::sleep;
use wasio_tokio_examples::parse;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let echo: SocketAddr = parse(&env::args().nth(1).unwrap_or_default())?;
    let mut one = TcpStream::connect(echo).await?;
    let other = TcpStream::connect(echo).await?;
    let (local, number) = (one.local_addr()?, one.as_raw_fd());
    assert_eq!(one.as_raw_fd(), number);
    assert_ne!(other.as_raw_fd(), number);

    // There and back it is the same connection, of the same descriptor, whatever is set meanwhile.
    for timeout in [None, Some(Duration::from_secs(1))] {
        let converted = one.into_std()?;
        assert_eq!(converted.as_raw_fd(), number);
        converted.set_write_timeout(timeout)?;
        converted.set_read_timeout(timeout)?;
        assert_eq!(converted.write_timeout()?, timeout);
        // The poll closes what has no descriptor any more.
        sleep(Duration::from_millis(1)).await;
        one = TcpStream::from_std(converted)?;
        assert_eq!((one.as_raw_fd(), one.local_addr()?), (number, local));
        one.write_all(b"hello").await?;
        let mut buffer = [0; 5];
        one.read_exact(&mut buffer).await?;
        assert_eq!(&buffer, b"hello");
    }

    datagrams().await?;
    reserved_instead(other).await?;
    closed_instead().await
}

/// The number of a descriptor that was closed becomes that of another connection.
async fn reserved_instead(echo: TcpStream) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut client = TcpStream::connect(listener.local_addr()?).await?;
    let (accepted, _) = listener.accept().await?;
    let fresh = TcpStream::connect(echo.peer_addr()?).await?;
    let local = fresh.local_addr()?;
    let converted = accepted.into_std()?;
    let number = converted.as_raw_fd();
    drop(converted);
    let fresh = fresh.into_std()?;
    if cfg!(target_os = "wasi") {
        assert_eq!(fresh.as_raw_fd(), number);
    }
    assert_eq!(TcpStream::from_std(fresh)?.local_addr()?, local);
    assert_eq!(client.read(&mut [0]).await?, 0);
    Ok(())
}

/// A descriptor that is closed closes its socket. The next one of its number is another socket.
async fn closed_instead() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut client = TcpStream::connect(listener.local_addr()?).await?;
    let (accepted, peer) = listener.accept().await?;
    assert_eq!(peer, client.local_addr()?);
    let mut converted = accepted.into_std()?;
    #[cfg(target_os = "wasi")]
    {
        let error = converted.read(&mut [0]).expect_err("it names nothing");
        assert_eq!(error.kind(), ErrorKind::NotConnected);
    }
    #[cfg(not(target_os = "wasi"))]
    {
        let error = converted.read(&mut [0]).expect_err("nothing was sent");
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }
    let number = converted.as_raw_fd();
    drop(converted);
    let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
    assert_eq!(socket.as_raw_fd(), number);
    socket.set_nonblocking(true)?;
    let at = socket.local_addr()?;
    assert_eq!(UdpSocket::from_std(socket)?.local_addr()?, at);
    assert_eq!(client.read(&mut [0]).await?, 0);
    println!("done");
    Ok(())
}

/// There and back for datagrams, and a socket of libc's: readable when there is one, and not before.
async fn datagrams() -> io::Result<()> {
    let one = UdpSocket::bind("127.0.0.1:0").await?;
    let at = one.local_addr()?;
    let one = UdpSocket::from_std(one.into_std()?)?;
    assert_eq!(one.local_addr()?, at);
    let other = std::net::UdpSocket::bind("127.0.0.1:0")?;
    other.set_nonblocking(true)?;
    let other = UdpSocket::from_std(other)?;
    assert!(other.take_error()?.is_none());
    tokio::select! {
        biased;
        ready = other.readable() => panic!("nothing was sent: {ready:?}"),
        () = sleep(Duration::from_millis(50)) => {}
    }
    one.send_to(b"hello", other.local_addr()?).await?;
    let mut buffer = [0; 8];
    assert_eq!(other.recv_from(&mut buffer).await?, (5, at));
    Ok(())
}
