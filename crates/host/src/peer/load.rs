//! Opens many connections to an echo server at once, from one thread, and checks every byte that
//! comes back.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

use super::Pattern;
pub use super::play::Progress;
use super::play::{self, Kind, PATTERN_BYTES, Shared, Tally};
use crate::cpu::{raise_descriptor_limit, thread_cpu_time};

/// The largest number of failures that a [`Report`] lists. It counts all of them.
const LISTED_FAILURES: usize = 10;

/// The receive buffer of a slow reader. It is small, so that the server has to wait for the reader.
const SLOW_RECEIVE_BUFFER_BYTES: u32 = 8 * 1024;

/// Longer latencies are recorded as this.
const LONGEST: Duration = Duration::from_secs(600);

/// What to send. The connections are numbered. The first are slow readers, the next half-close, the
/// next reset, and the rest are plain.
#[derive(Clone, Debug)]
pub struct Load {
    /// The number of connections, all open at the same time.
    pub connections: usize,
    /// The number of messages per connection. A connection that resets sends fewer.
    pub messages: usize,
    /// The size of a message in bytes, uniformly distributed.
    pub sizes: RangeInclusive<usize>,
    /// The number of connections that send everything at once, and read slowly through a small
    /// buffer.
    pub slow_readers: usize,
    /// The number of connections that send everything, shut down their sending side, and then
    /// expect every byte and an end of file.
    pub half_closes: usize,
    /// The number of connections that are reset with data in flight.
    pub resets: usize,
    /// The seed of the bytes and sizes.
    pub seed: u64,
    /// The timeout of connecting, and of each run.
    pub timeout: Duration,
}

impl Default for Load {
    /// 1000 plain connections with 50 messages of 1 byte to 64 KiB.
    fn default() -> Self {
        Self {
            connections: 1000,
            messages: 50,
            sizes: 1..=64 * 1024,
            slow_readers: 0,
            half_closes: 0,
            resets: 0,
            seed: 1,
            timeout: Duration::from_secs(120),
        }
    }
}

/// The result of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// The number of connections that succeeded.
    pub connections: usize,
    /// The messages and bytes that came back.
    pub done: Progress,
    /// The wall-clock time of the run.
    pub elapsed: Duration,
    /// The CPU time of the client, which runs in the calling thread.
    pub cpu: Duration,
    /// The time from the first byte sent to the last byte received, in nanoseconds, for each
    /// message of a plain connection.
    pub latency_ns: Histogram<u64>,
    /// The number of connections that failed.
    pub failed: usize,
    /// The reasons of the first few failures.
    pub failures: Vec<String>,
}

/// Open connections. They stay open between and after runs, except those that close themselves.
#[derive(Debug)]
pub struct Crowd {
    runtime: Runtime,
    load: Load,
    pattern: Rc<[u8]>,
    members: Vec<Member>,
    runs: u64,
}

#[derive(Debug)]
struct Member {
    number: usize,
    kind: Kind,
    stream: TcpStream,
}

impl Load {
    /// Opens all connections. This also raises the limit of open descriptors.
    ///
    /// # Errors
    /// The error of the first connection that fails, or [`TimedOut`](io::ErrorKind::TimedOut) after
    /// [`Load::timeout`].
    pub fn connect(self, addr: SocketAddr) -> io::Result<Crowd> {
        raise_descriptor_limit();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let mut members = Vec::with_capacity(self.connections);
        runtime.block_on(async {
            let all = async {
                for number in 0..self.connections {
                    let kind = self.kind(number);
                    let stream = open(addr, kind).await?;
                    members.push(Member {
                        number,
                        kind,
                        stream,
                    });
                }
                io::Result::Ok(())
            };
            tokio::time::timeout(self.timeout, all).await?
        })?;
        Ok(Crowd {
            runtime,
            pattern: Pattern::new(self.seed)
                .take(PATTERN_BYTES + self.sizes.end())
                .into(),
            load: self,
            members,
            runs: 0,
        })
    }

    fn kind(&self, number: usize) -> Kind {
        let half_close = self.slow_readers;
        let reset = half_close + self.half_closes;
        let plain = reset + self.resets;
        match number {
            _ if number < half_close => Kind::SlowReader,
            _ if number < reset => Kind::HalfClose,
            _ if number < plain => Kind::Reset,
            _ => Kind::Plain,
        }
    }
}

async fn open(addr: SocketAddr, kind: Kind) -> io::Result<TcpStream> {
    let socket = if addr.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    if kind == Kind::SlowReader {
        socket.set_recv_buffer_size(SLOW_RECEIVE_BUFFER_BYTES)?;
    }
    let stream = socket.connect(addr).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl Crowd {
    /// Returns the number of open connections.
    #[must_use]
    pub fn open(&self) -> usize {
        self.members.len()
    }

    /// Sends and checks all messages. `on_progress` is called for each message that has come back.
    ///
    /// This may be called again, for the connections that have not closed themselves.
    pub fn run(&mut self, on_progress: impl FnMut(&Progress) + 'static) -> Report {
        let shared = Rc::new(Shared {
            pattern: Rc::clone(&self.pattern),
            sizes: self.load.sizes.clone(),
            buffer: RefCell::new(vec![0; 256 * 1024]),
            tally: RefCell::new(Tally {
                done: Progress::default(),
                latency_ns: new_histogram(),
                on_progress,
            }),
        });
        let (start, cpu) = (Instant::now(), thread_cpu_time());
        let members = std::mem::take(&mut self.members);
        let ends = self
            .runtime
            .block_on(play_all(&self.load, self.runs, members, &shared));
        self.runs += 1;
        let (elapsed, cpu) = (start.elapsed(), thread_cpu_time() - cpu);
        let mut failures = Vec::new();
        let mut connections = 0;
        for end in ends {
            match end {
                Ok(member) => {
                    connections += 1;
                    self.members.extend(member);
                }
                Err(failure) => failures.push(failure),
            }
        }
        let tally = shared.tally.borrow();
        Report {
            connections,
            done: tally.done,
            elapsed,
            cpu,
            latency_ns: tally.latency_ns.clone(),
            failed: failures.len(),
            failures: failures.into_iter().take(LISTED_FAILURES).collect(),
        }
    }
}

/// Runs all members at the same time. Each result is the open connection, `None` if it closed
/// itself, or the reason of the failure.
async fn play_all<F: FnMut(&Progress) + 'static>(
    load: &Load,
    run: u64,
    members: Vec<Member>,
    shared: &Rc<Shared<F>>,
) -> Vec<Result<Option<Member>, String>> {
    let tasks = LocalSet::new();
    let mut handles = Vec::with_capacity(members.len());
    for mut member in members {
        let shared = Rc::clone(shared);
        let (messages, timeout) = (load.messages, load.timeout);
        // Each run and each connection has different sizes.
        let seed = load.seed ^ ((member.number as u64) << 20) ^ (run << 56);
        handles.push(tasks.spawn_local(async move {
            let number = member.number;
            let playing = play::play(&mut member.stream, member.kind, messages, seed, &shared);
            match tokio::time::timeout(timeout, playing).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Err(format!("connection {number}: {error}")),
                Err(_) => return Err(format!("connection {number}: not done after {timeout:?}")),
            }
            Ok(match member.kind {
                Kind::Plain | Kind::SlowReader => Some(member),
                Kind::HalfClose => None,
                Kind::Reset => {
                    // A zero linger time makes the close a reset.
                    let linger = Some(Duration::ZERO);
                    let socket = socket2::SockRef::from(&member.stream);
                    socket
                        .set_linger(linger)
                        .map_err(|error| error.to_string())?;
                    None
                }
            })
        }));
    }
    tasks
        .run_until(async {
            let mut ends = Vec::with_capacity(handles.len());
            for handle in handles {
                ends.push(handle.await.unwrap_or_else(|error| Err(error.to_string())));
            }
            ends
        })
        .await
}

fn new_histogram() -> Histogram<u64> {
    let longest_ns = u64::try_from(LONGEST.as_nanos()).unwrap_or(u64::MAX);
    match Histogram::new_with_bounds(1, longest_ns, 3) {
        Ok(histogram) => histogram,
        Err(error) => unreachable!("the bounds are constants that fit: {error}"),
    }
}
