//! A program under test, with all the processes that it starts.

use std::fs;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// The variable by which its processes are known, whatever groups they form: each has it from the
/// one that started it.
const MARK: &str = "WASIO_BENCH_SESSION";

/// How long a moment may take to come on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long an end may take on a busy machine.
const END_LIMIT: Duration = Duration::from_secs(10);

/// The interval at which both are looked for.
const CHECK_INTERVAL: Duration = Duration::from_millis(5);

/// Whom a signal goes to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum To {
    /// The program alone.
    Process,
    /// The program, and what is in its process group: the job of a terminal.
    Group,
}

/// How the program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The program under test. Dropping this ends what is left of it.
pub(crate) struct Session {
    child: Mutex<Child>,
    pid: Pid,
    mark: String,
    stdout: Output,
    stderr: Option<Output>,
}

/// What is read of an output, on a thread of its own.
#[derive(Debug)]
struct Output {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

/// A process of the session.
#[derive(Debug)]
pub(crate) struct Process {
    pid: Pid,
    folder: PathBuf,
    name: String,
}

impl Session {
    pub(crate) fn start(command: Command) -> Self {
        Self::start_with(command, true)
    }

    /// Starts it with an error output that nothing can be written to.
    pub(crate) fn start_without_stderr(command: Command) -> Self {
        Self::start_with(command, false)
    }

    fn start_with(mut command: Command, keep_stderr: bool) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let mark = format!("{MARK}={}-{number}", std::process::id());
        let value = mark.split_once('=').expect("a value").1;
        command
            .env(MARK, value)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = command.spawn().expect("start");
        let stdout = Output::read(child.stdout.take().expect("piped"));
        // The pipe is closed if it is not kept.
        let stderr = child.stderr.take().filter(|_| keep_stderr);
        Self {
            pid: Pid::from_child(&child),
            child: Mutex::new(child),
            mark,
            stdout,
            stderr: stderr.map(Output::read),
        }
    }

    pub(crate) fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// Waits for a moment, which has to come before the program ends.
    #[track_caller]
    pub(crate) fn wait_until(&self, is_there: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !is_there(self) {
            let ended = self.child.lock().unwrap().try_wait().expect("wait");
            let late = start.elapsed() > START_LIMIT;
            assert!(ended.is_none() && !late, "{ended:?}: {}", self.said());
            thread::sleep(CHECK_INTERVAL);
        }
    }

    pub(crate) fn signal(&self, signal: Signal, to: To) {
        match to {
            To::Process => kill_process(self.pid, signal),
            To::Group => kill_process_group(self.pid, signal),
        }
        .expect("signal");
    }

    /// Waits until the program has ended, and then that no process of it is left.
    #[track_caller]
    pub(crate) fn end(self) -> Ended {
        let start = Instant::now();
        let status = loop {
            let status = self.child.lock().unwrap().try_wait().expect("wait");
            if let Some(status) = status {
                break status;
            }
            assert!(
                start.elapsed() < END_LIMIT,
                "it does not end: {}",
                self.said()
            );
            thread::sleep(CHECK_INTERVAL);
        };
        // One that is killed with its parent may end a moment later.
        while let left = self.processes()
            && !left.is_empty()
        {
            assert!(
                start.elapsed() < END_LIMIT,
                "{status}, and left are {left:?}"
            );
            thread::sleep(CHECK_INTERVAL);
        }
        Ended {
            status,
            stdout: self.stdout.whole(),
            stderr: self.stderr.as_ref().map(Output::whole).unwrap_or_default(),
        }
    }

    fn said(&self) -> String {
        let stderr = self.stderr.as_ref().map(Output::text);
        self.stdout() + &stderr.unwrap_or_default()
    }

    /// Whether one of its processes has this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        !self.processes_called(name).is_empty()
    }

    pub(crate) fn processes_called(&self, name: &str) -> Vec<Process> {
        let mut processes = self.processes();
        processes.retain(|process| process.name == name);
        processes
    }

    /// All that run. One that has ended and that nobody has waited for has no variables any more.
    fn processes(&self) -> Vec<Process> {
        let entries = fs::read_dir("/proc").expect("Linux").flatten();
        let processes = entries.filter_map(|entry| Process::at(entry.path()));
        processes
            .filter(|one| one.has_variable(&self.mark))
            .collect()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for process in self.processes() {
            let _ = kill_process(process.pid, Signal::KILL);
        }
        let _ = self.child.lock().unwrap().wait();
    }
}

impl Process {
    /// `None` if that is no process, or has ended meanwhile.
    fn at(folder: PathBuf) -> Option<Self> {
        let id = folder.file_name()?.to_str()?.parse().ok()?;
        let name = fs::read_to_string(folder.join("comm")).ok()?;
        Some(Self {
            pid: Pid::from_raw(id)?,
            name: name.trim().to_owned(),
            folder,
        })
    }

    fn has_variable(&self, text: &str) -> bool {
        let variables = fs::read(self.folder.join("environ")).unwrap_or_default();
        variables
            .split(|&byte| byte == 0)
            .any(|one| one == text.as_bytes())
    }

    /// The number of its open sockets.
    pub(crate) fn sockets(&self) -> usize {
        let entries = fs::read_dir(self.folder.join("fd"));
        let targets = entries.into_iter().flatten().flatten();
        let targets = targets.filter_map(|entry| fs::read_link(entry.path()).ok());
        targets
            .filter(|target| target.to_string_lossy().starts_with("socket:"))
            .count()
    }
}

impl Output {
    fn read(mut from: impl Read + Send + 'static) -> Self {
        let bytes = Arc::<Mutex<Vec<u8>>>::default();
        let to = Arc::clone(&bytes);
        let reader = thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(count) = from.read(&mut part)
                && count > 0
            {
                to.lock().unwrap().extend(&part[..count]);
            }
        });
        Self { bytes, reader }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    /// All of it, once no process has the other end.
    fn whole(&self) -> String {
        while !self.reader.is_finished() {
            thread::sleep(CHECK_INTERVAL);
        }
        self.text()
    }
}
