//! A guest as a process of this machine.

use std::fs::File;
use std::io::{BufRead, BufReader, PipeWriter, Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use wasio_host::{Exit, Outcome, Stdin};

use super::process::{Process, Processes};

/// The start of the lines that tell where a guest listens.
pub(super) const LISTENING: &str = "listening ";

/// The longest that a guest may take until it listens.
const START_LIMIT: Duration = Duration::from_secs(20);

/// What a process reads.
pub(super) enum Input {
    Of(Stdin),
    File(PathBuf),
}

/// A guest that runs. It is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Child {
    process: Process,
    stdin: Option<PipeWriter>,
    /// What was read so far, and the thread that reads.
    said: Arc<Mutex<Vec<u8>>>,
    stdout: Option<JoinHandle<()>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
    addrs: Mutex<Vec<SocketAddr>>,
    found: Mutex<Receiver<SocketAddr>>,
}

impl Child {
    /// Starts it as one of `processes`, and waits until it listens on `listeners` addresses.
    pub(super) fn start(
        mut command: Command,
        input: Input,
        listeners: usize,
        processes: &Processes,
    ) -> Self {
        let mut writer = None;
        match &input {
            Input::File(path) => command.stdin(File::open(path).expect("open the input")),
            Input::Of(Stdin::Null) => command.stdin(Stdio::null()),
            Input::Of(Stdin::Inherit) => command.stdin(Stdio::inherit()),
            Input::Of(Stdin::Bytes(_) | Stdin::Pipe) => {
                let (reader, end) = std::io::pipe().expect("make a pipe");
                writer = Some(end);
                command.stdin(reader)
            }
        };
        let spawned = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut process = spawned.expect("start the guest");
        // It holds our copy of the reading end: drop it, or a guest that ends
        // never breaks the pipe.
        drop(command);
        if let Input::Of(Stdin::Bytes(bytes)) = input {
            let mut writer = writer.take().expect("made above");
            // Ends when the guest has read all, or ended.
            std::thread::spawn(move || writer.write_all(&bytes));
        }
        let (sender, found) = channel();
        let stdout = process.stdout.take().expect("piped");
        let stderr = process.stderr.take().expect("piped");
        let said = Arc::default();
        let mut child = Self {
            said: Arc::clone(&said),
            process: processes.add(process),
            stdin: writer,
            stdout: Some(std::thread::spawn(move || {
                read_stdout(stdout, &said, &sender)
            })),
            stderr: Some(std::thread::spawn(move || read_all(stderr))),
            addrs: Mutex::default(),
            found: Mutex::new(found),
        };
        let addrs = (0..listeners).map(|_| child.first_addr()).collect();
        child.addrs = Mutex::new(addrs);
        child
    }

    fn first_addr(&mut self) -> SocketAddr {
        self.next_addr().unwrap_or_else(|error| {
            self.process.kill();
            let stderr = self.stderr.take().map(JoinHandle::join);
            let stderr = stderr.and_then(Result::ok).unwrap_or_default();
            panic!(
                "the guest does not listen ({error})\n{}",
                String::from_utf8_lossy(&stderr)
            )
        })
    }

    fn next_addr(&self) -> Result<SocketAddr, RecvTimeoutError> {
        self.found.lock().unwrap().recv_timeout(START_LIMIT)
    }

    /// Waits for it unless it was waited for at the start.
    pub(super) fn addr(&self, index: usize) -> SocketAddr {
        let mut addrs = self.addrs.lock().unwrap();
        while addrs.len() <= index {
            addrs.push(self.next_addr().expect("the guest listens"));
        }
        addrs[index]
    }

    pub(super) fn take_stdin(&mut self) -> Option<PipeWriter> {
        self.stdin.take()
    }

    /// Whole lines, and at the end the rest.
    pub(super) fn stdout_so_far(&self) -> Vec<u8> {
        self.said.lock().unwrap().clone()
    }

    /// CPU time of the threads that live, on Linux.
    pub(super) fn cpu_time(&self) -> Option<Duration> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.process.id())).ok()?;
        let mut total_ns = 0;
        for task in tasks {
            // The first number is the time spent on a CPU. A thread that ended
            // meanwhile has no file.
            let path = task.ok()?.path().join("schedstat");
            let Ok(text) = std::fs::read_to_string(path) else {
                continue;
            };
            total_ns += text.split(' ').next()?.parse::<u64>().ok()?;
        }
        Some(Duration::from_nanos(total_ns))
    }

    /// The most memory that it had at a time, while it lives, on Linux.
    fn peak_memory_bytes(&self) -> Option<usize> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kib: usize = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kib << 10)
    }

    /// Waits until it has ended, for `timeout` and no less; then it is killed.
    pub(super) fn wait(mut self, timeout: Duration) -> Outcome {
        let status = self.process.wait(timeout);
        // One that has ended has none, and its number may be another's.
        let peak_memory_bytes = match status {
            None => self.peak_memory_bytes().unwrap_or(0),
            Some(_) => 0,
        };
        let exit = status.map_or(Exit::TimedOut, exit_of);
        self.process.kill();
        // Both end with the process.
        let stdout = self.stdout.take().map(JoinHandle::join);
        stdout.map_or(Ok(()), |read| read).expect("read the output");
        let stderr = self.stderr.take().map(JoinHandle::join);
        let stderr = stderr.and_then(Result::ok).unwrap_or_default();
        Outcome {
            exit,
            stdout: self.stdout_so_far(),
            stderr,
            cpu: Duration::ZERO,
            fuel: None,
            peak_memory_bytes,
            resources: None,
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.process.kill();
    }
}

fn exit_of(status: ExitStatus) -> Exit {
    match status.code() {
        Some(code) => Exit::Code(code),
        None => Exit::Trap(status.to_string()),
    }
}

/// Reads the output, and reports and leaves out where the guest listens, so
/// that a test finds the same output on all hosts.
fn read_stdout(output: impl Read, said: &Mutex<Vec<u8>>, found: &Sender<SocketAddr>) {
    let mut reader = BufReader::new(output);
    let mut line = Vec::new();
    while matches!(reader.read_until(b'\n', &mut line), Ok(1..)) {
        let text = String::from_utf8_lossy(&line);
        let addr = text.trim_end().strip_prefix(LISTENING).map(str::parse);
        if let Some(Ok(addr)) = addr {
            // Nobody listens any more once all were found.
            let _ = found.send(addr);
        } else {
            said.lock().unwrap().extend_from_slice(&line);
        }
        line.clear();
    }
}

fn read_all(mut output: impl Read) -> Vec<u8> {
    let mut all = Vec::new();
    // What came before an error is what there is to show.
    let _ = output.read_to_end(&mut all);
    all
}
