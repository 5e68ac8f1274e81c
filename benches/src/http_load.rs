//! Opens many HTTP connections at once, sends bodies, and checks every byte that comes back. The
//! counterpart for echo servers is [`load`](wasio_host::peer::load).

use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context;
use futures_util::future::try_join;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;
use tokio::time::timeout;
use wasio_host::peer::Pattern;
use wasio_host::peer::load::{Progress, Report};
use wasio_host::thread_cpu_time;

use crate::client::{as_ns, new_histogram};
use crate::exchange::Protocol;

/// The timeout of connecting, and of each run.
const PATIENCE: Duration = Duration::from_secs(120);
/// The largest size of a body. The smallest is one byte.
const LARGEST_BYTES: u64 = 64 * 1024;
/// The size of the pattern that all bodies are cut from.
const PATTERN_BYTES: u64 = 1 << 20;
/// The largest number of failures that a report lists.
const LISTED_FAILURES: usize = 10;

/// Open connections. They stay open between runs.
#[derive(Debug)]
pub struct Crowd {
    runtime: Runtime,
    streams: Vec<TcpStream>,
    pattern: Rc<[u8]>,
    requests: usize,
    runs: usize,
}

struct Shared<F> {
    pattern: Rc<[u8]>,
    report: RefCell<Report>,
    on_progress: RefCell<F>,
}

impl Crowd {
    /// Opens `count` connections, each with `requests` requests per run.
    ///
    /// # Errors
    /// A connection cannot be opened in time.
    pub fn connect(addr: SocketAddr, count: usize, requests: usize) -> anyhow::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let opening = async {
            let mut streams = Vec::with_capacity(count);
            for _ in 0..count {
                let stream = TcpStream::connect(addr).await?;
                stream.set_nodelay(true)?;
                streams.push(stream);
            }
            std::io::Result::Ok(streams)
        };
        let streams = runtime.block_on(async { timeout(PATIENCE, opening).await })??;
        let bytes = usize::try_from(PATTERN_BYTES + LARGEST_BYTES)?;
        Ok(Self {
            runtime,
            streams,
            pattern: Pattern::new(1).take(bytes).into(),
            requests,
            runs: 0,
        })
    }

    /// Returns the number of open connections.
    #[must_use]
    pub fn open(&self) -> usize {
        self.streams.len()
    }

    /// Sends all requests and checks the responses. `on_progress` is called for each response. A
    /// connection that fails is removed.
    pub fn run(&mut self, on_progress: impl FnMut(&Progress) + 'static) -> Report {
        let shared = Rc::new(Shared {
            pattern: Rc::clone(&self.pattern),
            report: RefCell::new(new_report()),
            on_progress: RefCell::new(on_progress),
        });
        let (start, cpu) = (Instant::now(), thread_cpu_time());
        let (requests, run) = (self.requests, self.runs);
        let tasks = LocalSet::new();
        let streams = std::mem::take(&mut self.streams);
        let playing: Vec<_> = streams
            .into_iter()
            .enumerate()
            .map(|(number, mut stream)| {
                let shared = Rc::clone(&shared);
                tasks.spawn_local(async move {
                    let seed = (run, number);
                    let all = play(&mut stream, requests, seed, &shared);
                    let ended = timeout(PATIENCE, all).await.context("not done in time");
                    let failed = |error| format!("connection {number}: {error:#}");
                    ended.flatten().map(|()| stream).map_err(failed)
                })
            })
            .collect();
        let ended = self.runtime.block_on(tasks.run_until(async {
            let mut ended = Vec::with_capacity(playing.len());
            for one in playing {
                let joined = one.await.map_err(|error| error.to_string());
                ended.push(joined.flatten());
            }
            ended
        }));
        self.runs += 1;
        let mut report = shared.report.borrow().clone();
        report.elapsed = start.elapsed();
        report.cpu = thread_cpu_time() - cpu;
        for one in ended {
            match one {
                Ok(stream) => self.streams.push(stream),
                Err(failure) => {
                    report.failed += 1;
                    report.failures.push(failure);
                }
            }
        }
        report.failures.truncate(LISTED_FAILURES);
        report.connections = self.streams.len();
        report
    }
}

fn new_report() -> Report {
    Report {
        connections: 0,
        done: Progress::default(),
        elapsed: Duration::ZERO,
        cpu: Duration::ZERO,
        latency_ns: new_histogram(),
        failed: 0,
        failures: Vec::new(),
    }
}

/// Sends one request after the other, each after the response to the previous one.
async fn play<F: FnMut(&Progress)>(
    stream: &mut TcpStream,
    requests: usize,
    seed: (usize, usize),
    shared: &Shared<F>,
) -> anyhow::Result<()> {
    let (mut reader, mut writer) = stream.split();
    let mut back = Vec::new();
    for request in 0..requests {
        let body = body(&shared.pattern, (seed, request));
        let exchange = Protocol::Http.exchange(body);
        back.resize(exchange.answer_len(), 0);
        let start = Instant::now();
        // The response starts before the request has ended.
        try_join(
            writer.write_all(exchange.request()),
            reader.read_exact(&mut back),
        )
        .await?;
        let latency_ns = as_ns(start.elapsed());
        exchange.check(&back)?;
        let mut report = shared.report.borrow_mut();
        report.latency_ns.saturating_record(latency_ns);
        report.done.messages += 1;
        report.done.bytes += body.len() as u64;
        (shared.on_progress.borrow_mut())(&report.done);
    }
    Ok(())
}

/// Returns a part of `pattern`, which depends on `seed`.
fn body(pattern: &[u8], seed: impl Hash) -> &[u8] {
    let dice = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (&seed, salt).hash(&mut hasher);
        hasher.finish()
    };
    let start = dice(0) % PATTERN_BYTES;
    let end = start + 1 + dice(1) % LARGEST_BYTES;
    // Both are below the sum of the two bounds, which is far below 2^32.
    let at = |place: u64| usize::try_from(place).unwrap_or(0);
    &pattern[at(start)..at(end)]
}
