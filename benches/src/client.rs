//! The client: the other end of the connections.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::Context;
use hdrhistogram::Histogram;
use wasio_host::peer::connect;

use crate::exchange::{Exchange, Protocol};
use crate::server::Server;

/// The number of connections that are opened before the first of them is used.
const OPENED_AT_ONCE: usize = 100;

/// Longer latencies are recorded as this.
const LONGEST_NS: u64 = 600_000_000_000;

/// The measurements of one client, and the cost for the server.
#[derive(Debug)]
pub struct Measured {
    /// The number of messages that came back.
    pub round_trips: u64,
    /// The time that this took.
    pub elapsed: Duration,
    /// The CPU time of the server in that time.
    pub server_cpu: Duration,
    /// The latency of each message, in nanoseconds.
    pub latency_ns: Histogram<u64>,
}

impl Measured {
    /// Nothing was measured.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            round_trips: 0,
            elapsed: Duration::ZERO,
            server_cpu: Duration::ZERO,
            latency_ns: new_histogram(),
        }
    }
}

/// Returns an empty histogram of latencies in nanoseconds.
#[must_use]
pub fn new_histogram() -> Histogram<u64> {
    match Histogram::new_with_bounds(1, LONGEST_NS, 3) {
        Ok(histogram) => histogram,
        Err(error) => unreachable!("the bounds are constants that fit: {error}"),
    }
}

/// Converts a latency to nanoseconds for a histogram.
#[must_use]
pub fn as_ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Opens `count` connections. Each exchanges one message and is then idle.
///
/// # Errors
/// A connection cannot be opened, or does not answer.
pub fn open_idle(
    addr: SocketAddr,
    protocol: Protocol,
    count: usize,
) -> anyhow::Result<Vec<TcpStream>> {
    let exchange = protocol.exchange(&[1]);
    let mut back = vec![0; exchange.answer_len()];
    let mut streams = Vec::with_capacity(count);
    while streams.len() < count {
        let first = streams.len();
        for _ in first..count.min(first + OPENED_AT_ONCE) {
            let mut stream = connect(addr).context("cannot connect")?;
            stream.write_all(exchange.request())?;
            streams.push(stream);
        }
        for (number, stream) in streams.iter_mut().enumerate().skip(first) {
            stream
                .read_exact(&mut back)
                .with_context(|| format!("connection {number} got no answer"))?;
            exchange
                .check(&back)
                .with_context(|| format!("connection {number}"))?;
        }
    }
    Ok(streams)
}

/// Sends a message and waits for its answer, which has exactly the length of `back`.
///
/// # Errors
/// The answer does not arrive, or is wrong.
pub fn round_trip(
    stream: &mut TcpStream,
    exchange: &Exchange,
    back: &mut [u8],
) -> anyhow::Result<()> {
    stream.write_all(exchange.request())?;
    stream.read_exact(back)?;
    exchange.check(back)
}

/// Measures one connection that sends one message after the other, each after the answer to the
/// previous one. Warms up for a quarter of `time`, then measures for `time`.
///
/// # Errors
/// An answer does not arrive, or is wrong.
pub fn ping_pong(server: &Server, exchange: &Exchange, time: Duration) -> anyhow::Result<Measured> {
    let mut stream = connect(server.addr())?;
    let mut back = vec![0; exchange.answer_len()];
    let warm_up = Instant::now();
    while warm_up.elapsed() < time / 4 {
        round_trip(&mut stream, exchange, &mut back)?;
    }
    let mut latency_ns = new_histogram();
    let cpu = server.cpu_time();
    let start = Instant::now();
    let mut last = start;
    while last - start < time {
        round_trip(&mut stream, exchange, &mut back)?;
        let now = Instant::now();
        latency_ns.saturating_record(as_ns(now - last));
        last = now;
    }
    Ok(Measured {
        round_trips: latency_ns.len(),
        elapsed: last - start,
        server_cpu: server.cpu_time().saturating_sub(cpu),
        latency_ns,
    })
}
