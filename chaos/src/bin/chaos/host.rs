//! A started host with its guest, and what both print.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::mem;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, bail};

use crate::claims;
use crate::process::Process;
use crate::shared::{Shared, lock};

/// How long it may take to start: on a busy machine a host compiles its guest for a minute.
const START_LIMIT: Duration = Duration::from_secs(180);

/// How long the last lines of one that has ended are waited for. Another process may have its output.
const READ_LIMIT: Duration = Duration::from_secs(5);

const LAST_LINES: usize = 5;

/// The hosts that there are, so that a signal can end them.
static RUNNING: Mutex<Vec<Running>> = Mutex::new(Vec::new());

#[derive(Debug)]
struct Running {
    child: Arc<Mutex<Child>>,
    stats: PathBuf,
}

#[derive(Debug)]
pub(crate) struct Host {
    child: Arc<Mutex<Child>>,
    stdin: Option<ChildStdin>,
    readers: [JoinHandle<()>; 2],
    pub(crate) name: &'static str,
    pub(crate) process: Process,
    seen: Arc<Mutex<Seen>>,
    stats: PathBuf,
}

/// What it has printed.
#[derive(Debug, Default)]
struct Seen {
    counts: HashMap<String, u64>,
    counted: Option<Instant>,
    addresses: HashMap<String, SocketAddr>,
    last_lines: VecDeque<String>,
}

/// What the host itself counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stats {
    pub(crate) host_calls: u64,
    pub(crate) resources: u64,
    pub(crate) memory: u64,
}

impl Host {
    pub(crate) fn start(
        name: &'static str,
        mut command: Command,
        stats: PathBuf,
        shared: &Arc<Shared>,
    ) -> anyhow::Result<Self> {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.env("RUST_BACKTRACE", "0");
        let program = command.get_program().to_owned();
        // Locked from here on: `end_all` misses no host.
        let mut running = lock(&RUNNING);
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let (id, stdin) = (child.id(), child.stdin.take());
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let child = Arc::new(Mutex::new(child));
        running.push(Running {
            child: Arc::clone(&child),
            stats: stats.clone(),
        });
        drop(running);
        let process = Process::new(id).context("a process without a number")?;
        let seen = Arc::<Mutex<Seen>>::default();
        let stdout = stdout.context("no standard output")?;
        let stderr = stderr.context("no standard error")?;
        let readers = [
            read_lines(name, stdout, &seen, shared),
            read_lines(name, stderr, &seen, shared),
        ];
        Ok(Self {
            child,
            stdin,
            readers,
            name,
            process,
            seen,
            stats,
        })
    }

    pub(crate) fn take_stdin(&mut self) -> anyhow::Result<ChildStdin> {
        let name = self.name;
        let stdin = self.stdin.take();
        stdin.with_context(|| format!("the {name} has no standard input"))
    }

    /// Waits for an address that it prints.
    pub(crate) fn address(&mut self, what: &str) -> anyhow::Result<SocketAddr> {
        self.wait_for(|seen| seen.addresses.get(what).copied())
            .with_context(|| format!("the {} printed no address for {what}", self.name))
    }

    /// Waits for its first counts.
    pub(crate) fn wait_for_counts(&mut self) -> anyhow::Result<()> {
        self.wait_for(|seen| seen.counted.map(|_| ()))
    }

    fn wait_for<T>(&mut self, get: impl Fn(&Seen) -> Option<T>) -> anyhow::Result<T> {
        let start = Instant::now();
        while start.elapsed() < START_LIMIT {
            // First: what it printed before its end has been read then.
            let has_ended = self.ended().is_some();
            if let Some(value) = get(&lock(&self.seen)) {
                return Ok(value);
            }
            if has_ended {
                break;
            }
            thread::sleep(Duration::from_millis(5));
        }
        bail!("the {} does not start: {}", self.name, self.last_lines())
    }

    /// A count of its last status.
    pub(crate) fn count(&self, name: &str) -> u64 {
        lock(&self.seen).counts.get(name).copied().unwrap_or(0)
    }

    /// When the last status came.
    pub(crate) fn counted(&self) -> Option<Instant> {
        lock(&self.seen).counted
    }

    pub(crate) fn stats(&self) -> Stats {
        let text = fs::read_to_string(&self.stats).unwrap_or_default();
        let mut stats = Stats::default();
        for (name, value) in text
            .split_whitespace()
            .filter_map(|one| one.split_once('='))
        {
            let value = value.parse().unwrap_or(0);
            match name {
                "host_calls" => stats.host_calls = value,
                "resources" => stats.resources = value,
                "memory" => stats.memory = value,
                _ => {}
            }
        }
        stats
    }

    /// When it wrote its counts last.
    pub(crate) fn stats_written(&self) -> Option<SystemTime> {
        fs::metadata(&self.stats).ok()?.modified().ok()
    }

    /// How it ended, if it has. All that it has printed is read then.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        let ended = lock(&self.child).try_wait().ok().flatten();
        if ended.is_some() {
            self.read_rest();
        }
        ended
    }

    /// Waits until all is read that it has printed before its end.
    fn read_rest(&self) {
        let start = Instant::now();
        let is_read = || self.readers.iter().all(JoinHandle::is_finished);
        while !is_read() && start.elapsed() < READ_LIMIT {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits until it has ended.
    pub(crate) fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        let start = Instant::now();
        loop {
            let ended = self.ended();
            if ended.is_some() || start.elapsed() > limit {
                return ended;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn last_lines(&self) -> String {
        let seen = lock(&self.seen);
        seen.last_lines
            .iter()
            .cloned()
            .collect::<Vec<_>>()
            .join(" | ")
    }
}

impl Host {
    /// Ends it. What it has printed stays.
    pub(crate) fn kill(&mut self) {
        end(&mut lock(&self.child));
        self.read_rest();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.kill();
        lock(&RUNNING).retain(|one| !Arc::ptr_eq(&one.child, &self.child));
        let _ = fs::remove_file(&self.stats);
    }
}

/// Ends all hosts and removes their files, just before this process ends. What starts or drops a
/// host later blocks, so that none is left behind.
pub(crate) fn end_all() {
    let running = lock(&RUNNING);
    for one in running.iter() {
        end(&mut lock(&one.child));
        let _ = fs::remove_file(&one.stats);
    }
    mem::forget(running);
}

fn end(child: &mut Child) {
    // It may have ended, and it may be stopped: SIGKILL ends it all the same.
    let _ = child.kill();
    let _ = child.wait();
}

/// Reads what it prints, on a thread that ends with it.
fn read_lines(
    name: &'static str,
    pipe: impl Read + Send + 'static,
    seen: &Arc<Mutex<Seen>>,
    shared: &Arc<Shared>,
) -> JoinHandle<()> {
    let (seen, shared) = (Arc::clone(seen), Arc::clone(shared));
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if !claims::judge(&shared, name, &line) {
                lock(&seen).read(line);
            }
        }
    })
}

impl Seen {
    fn read(&mut self, line: String) {
        if let Some(counts) = line.strip_prefix("status ") {
            for (name, count) in counts
                .split_whitespace()
                .filter_map(|one| one.split_once('='))
            {
                self.counts
                    .insert(name.to_owned(), count.parse().unwrap_or(0));
            }
            self.counted = Some(Instant::now());
            return;
        }
        let line = line
            .strip_prefix("wasio-host: ")
            .map_or(line.clone(), |rest| {
                rest.replace("listening on", "listening")
            });
        if let Some((what, address)) = line.split_once(' ')
            && let Ok(address) = address.parse()
        {
            self.addresses.insert(what.to_owned(), address);
            return;
        }
        self.last_lines.push_back(line);
        if self.last_lines.len() > LAST_LINES {
            self.last_lines.pop_front();
        }
    }
}
