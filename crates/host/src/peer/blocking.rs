//! Blocking helpers with timeouts.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use socket2::{Domain, SockRef, Socket, Type};

/// The timeout of each read and write. With it, a guest that never answers fails a test instead of
/// hanging it.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The receive buffer of a narrow connection, in bytes.
const NARROW: usize = 4096;

/// Connects to `addr`.
///
/// Reads and writes fail with [`WouldBlock`](io::ErrorKind::WouldBlock) or
/// [`TimedOut`](io::ErrorKind::TimedOut) after 20 s. Data is sent at once (`TCP_NODELAY`).
///
/// # Errors
/// The error of the system.
pub fn connect(addr: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&addr, TIMEOUT)?;
    prepare(&stream)?;
    Ok(stream)
}

/// Connects as [`connect`] does, with a receive buffer of a few KiB: little is on its way while nobody
/// reads.
///
/// # Errors
/// The error of the system.
pub fn connect_narrow(addr: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
    socket.set_recv_buffer_size(NARROW)?;
    socket.connect_timeout(&addr.into(), TIMEOUT)?;
    let stream = socket.into();
    prepare(&stream)?;
    Ok(stream)
}

/// Returns two blocking sockets that are connected to each other, with the timeouts of [`connect`].
///
/// # Errors
/// The error of the system.
pub fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let one = connect(listener.local_addr()?)?;
    // Ignore a connection that another process may have made in between.
    loop {
        let (other, from) = listener.accept()?;
        if from == one.local_addr()? {
            prepare(&other)?;
            return Ok((one, other));
        }
    }
}

/// Closes `stream` with a reset (RST) instead of an end of file.
///
/// # Errors
/// The error of the system.
pub fn reset(stream: TcpStream) -> io::Result<()> {
    SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
    drop(stream);
    Ok(())
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))
}

/// Pseudo-random bytes. The same seed gives the same bytes.
#[derive(Debug)]
pub struct Pattern(StdRng);

impl Pattern {
    /// Creates the pattern of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// Returns the next `len_bytes` bytes.
    #[must_use]
    pub fn take(&mut self, len_bytes: usize) -> Vec<u8> {
        let mut bytes = vec![0; len_bytes];
        self.0.fill_bytes(&mut bytes);
        bytes
    }
}

/// Computes a checksum (FNV-1a, 64 bits) that takes a guest three lines: start with
/// 0xcbf29ce484222325, and for each byte XOR it and multiply by 0x100000001b3.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn checksum_is_fnv_1a() {
        assert_eq!(checksum(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(checksum(b"a"), 0xaf63_dc4c_8601_ec8c);
    }

    #[test]
    fn pattern_depends_on_its_seed_alone() {
        let mut whole = Pattern::new(7);
        assert_eq!(whole.take(64), Pattern::new(7).take(64));
        assert_ne!(whole.take(64), Pattern::new(7).take(64));
        assert_ne!(Pattern::new(8).take(64), Pattern::new(7).take(64));
    }

    #[test]
    fn reset_is_seen_as_a_reset() {
        let (one, mut other) = pair().unwrap();
        reset(one).unwrap();
        let error = other.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }

    #[test]
    fn pair_is_connected_both_ways() {
        let (mut one, mut other) = pair().unwrap();
        one.write_all(b"a").unwrap();
        other.write_all(b"b").unwrap();
        let mut got = [0];
        other.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"a");
        one.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"b");
    }
}
