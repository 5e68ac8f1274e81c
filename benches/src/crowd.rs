//! Several busy connections, from one thread.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context;
use hdrhistogram::Histogram;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinHandle, LocalSet};

use crate::client::{Measured, as_ns, new_histogram};
use crate::exchange::{Exchange, Protocol, SMALL_BYTES};
use crate::fairness::{Fairness, PerConnection};
use crate::server::Server;

/// The timeout of one message.
const PATIENCE: Duration = Duration::from_secs(20);

/// Connections that can be made busy.
#[derive(Debug)]
pub struct Crowd {
    runtime: Runtime,
    streams: Vec<TcpStream>,
    exchange: Rc<Exchange>,
}

/// The state that the busy connections share.
#[derive(Debug)]
struct Tally {
    over: Cell<bool>,
    latency_ns: RefCell<Histogram<u64>>,
    connections: RefCell<PerConnection>,
}

impl Crowd {
    /// Opens `count` connections.
    ///
    /// # Errors
    /// A connection cannot be opened.
    pub fn connect(addr: SocketAddr, protocol: Protocol, count: usize) -> anyhow::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let streams = runtime.block_on(async {
            let mut streams = Vec::with_capacity(count);
            for _ in 0..count {
                let stream = TcpStream::connect(addr).await?;
                stream.set_nodelay(true)?;
                streams.push(stream);
            }
            std::io::Result::Ok(streams)
        });
        Ok(Self {
            streams: streams.context("cannot connect")?,
            runtime,
            exchange: Rc::new(protocol.exchange(&[0x5a; SMALL_BYTES])),
        })
    }
}

/// Measures all connections of `crowd` at the same time. Each sends one message after the other,
/// each after the previous one has come back. Warms up for a quarter of `time`, then measures for
/// `time`.
///
/// # Errors
/// A message does not come back, or comes back changed.
pub fn pummel(
    crowd: Crowd,
    server: &Server,
    time: Duration,
) -> anyhow::Result<(Measured, Fairness)> {
    let busy = async |tally: &Tally| {
        tokio::time::sleep(time / 4).await;
        tally.latency_ns.borrow_mut().reset();
        let (start, cpu) = (Instant::now(), server.cpu_time());
        tally.connections.borrow_mut().restart(start);
        tokio::time::sleep(time).await;
        let latency_ns = tally.latency_ns.borrow().clone();
        let measured = Measured {
            round_trips: latency_ns.len(),
            elapsed: start.elapsed(),
            server_cpu: server.cpu_time().saturating_sub(cpu),
            latency_ns,
        };
        let fairness = tally.connections.borrow().fairness(Instant::now());
        Ok((measured, fairness))
    };
    crowd.keep_busy(busy)
}

/// While `crowd` is busy, sends a message on each `idle` connection in turn, with a `pause` in
/// between. The latencies are those of the idle connections, the round trips those of the crowd.
///
/// # Errors
/// A message does not come back, or comes back changed.
pub fn poke(
    crowd: Crowd,
    server: &Server,
    idle: &[std::net::TcpStream],
    pause: Duration,
    time: Duration,
) -> anyhow::Result<Measured> {
    let exchange = Rc::clone(&crowd.exchange);
    let busy = async |tally: &Tally| {
        let mut latency_ns = new_histogram();
        let (start, cpu) = (Instant::now(), server.cpu_time());
        for stream in idle {
            if start.elapsed() > time {
                break;
            }
            tokio::time::sleep(pause).await;
            // A second handle, so that the connection stays open.
            let stream = stream.try_clone()?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream)?;
            latency_ns.saturating_record(as_ns(round_trip(&mut stream, &exchange).await?));
        }
        Ok(Measured {
            round_trips: tally.latency_ns.borrow().len(),
            elapsed: start.elapsed(),
            server_cpu: server.cpu_time().saturating_sub(cpu),
            latency_ns,
        })
    };
    crowd.keep_busy(busy)
}

impl Crowd {
    /// Runs `work` while all connections are busy.
    fn keep_busy<T>(
        self,
        work: impl AsyncFnOnce(&Tally) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let tally = Rc::new(Tally {
            over: Cell::new(false),
            latency_ns: RefCell::new(new_histogram()),
            connections: RefCell::new(PerConnection::new(self.streams.len(), Instant::now())),
        });
        let tasks = LocalSet::new();
        let busy: Vec<JoinHandle<anyhow::Result<()>>> = self
            .streams
            .into_iter()
            .enumerate()
            .map(|(index, stream)| {
                let (exchange, tally) = (Rc::clone(&self.exchange), Rc::clone(&tally));
                tasks.spawn_local(speak(index, stream, exchange, tally))
            })
            .collect();
        self.runtime.block_on(tasks.run_until(async {
            let result = work(&tally).await;
            tally.over.set(true);
            for task in busy {
                task.await??;
            }
            result
        }))
    }
}

async fn speak(
    index: usize,
    mut stream: TcpStream,
    exchange: Rc<Exchange>,
    tally: Rc<Tally>,
) -> anyhow::Result<()> {
    while !tally.over.get() {
        let latency = round_trip(&mut stream, &exchange).await?;
        tally
            .latency_ns
            .borrow_mut()
            .saturating_record(as_ns(latency));
        tally.connections.borrow_mut().count(index, Instant::now());
    }
    Ok(())
}

async fn round_trip(stream: &mut TcpStream, exchange: &Exchange) -> anyhow::Result<Duration> {
    let mut back = vec![0; exchange.answer_len()];
    let start = Instant::now();
    stream.write_all(exchange.request()).await?;
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut back))
        .await
        .context("no answer")??;
    let elapsed = start.elapsed();
    exchange.check(&back)?;
    Ok(elapsed)
}
