//! Processes that end when this one does.

use std::io;
use std::mem;
use std::process::{Child, ChildStdout, Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How often a child that is to end is asked whether it has.
const CHECK_INTERVAL: Duration = Duration::from_millis(2);

/// The children that run. No other place has them, so that no identifier here is out of date.
static RUNNING: Mutex<Vec<Child>> = Mutex::new(Vec::new());

fn running() -> MutexGuard<'static, Vec<Child>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A child. Dropping this ends it, on Unix with all that it has started.
#[derive(Debug)]
pub struct Process {
    id: u32,
}

impl Process {
    /// Starts `command`, and returns the output of the child if that is piped.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn spawn(command: &mut Command) -> io::Result<(Self, Option<ChildStdout>)> {
        // Ctrl-C in a terminal goes to a whole group. This process alone is to have it, and then
        // ends the group of the child: cargo with its compilers.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        // Locked from here on: `end_all` misses no child.
        let mut running = running();
        let mut child = command.spawn()?;
        let process = Self { id: child.id() };
        let output = child.stdout.take();
        running.push(child);
        Ok((process, output))
    }

    /// Returns how it ended; `None` if it runs.
    #[must_use]
    pub fn ended(&self) -> Option<ExitStatus> {
        self.try_wait().ok()?
    }

    /// Waits until it has ended by itself. Call this when it has closed its output.
    ///
    /// # Errors
    /// The system does not say how it ended.
    pub fn wait(&self) -> io::Result<ExitStatus> {
        loop {
            if let Some(status) = self.try_wait()? {
                return Ok(status);
            }
            thread::sleep(CHECK_INTERVAL);
        }
    }

    /// Locks no longer than this takes, so that `end_all` never waits.
    fn try_wait(&self) -> io::Result<Option<ExitStatus>> {
        let mut running = running();
        let child = running.iter_mut().find(|child| child.id() == self.id);
        child.map_or(Ok(None), Child::try_wait)
    }

    /// Returns the CPU time of its threads. Zero on systems other than Linux.
    #[must_use]
    pub fn cpu_time(&self) -> Duration {
        let Ok(threads) = std::fs::read_dir(format!("/proc/{}/task", self.id)) else {
            return Duration::ZERO;
        };
        let of_thread = |thread: io::Result<std::fs::DirEntry>| {
            // A thread that ends meanwhile has no file any more.
            let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            cpu_time_in(&text)
        };
        threads.filter_map(of_thread).sum()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut running = running();
        if let Some(index) = running.iter().position(|child| child.id() == self.id) {
            end(&mut running.swap_remove(index));
        }
    }
}

/// Ends all children, just before this process ends. A thread that starts or ends a child later
/// blocks, so that none is left behind.
pub fn end_all() {
    let mut running = running();
    for child in running.iter_mut() {
        end(child);
    }
    mem::forget(running);
}

fn end(child: &mut Child) {
    // If it has ended by itself, its number may be that of another group.
    if let Ok(None) = child.try_wait() {
        kill(child);
        let _ = child.wait();
    }
}

/// Ends its group.
#[cfg(unix)]
fn kill(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
}

#[cfg(not(unix))]
fn kill(child: &mut Child) {
    let _ = child.kill();
}

/// The first number of a `schedstat` is in nanoseconds.
fn cpu_time_in(schedstat: &str) -> Option<Duration> {
    let first = schedstat.split_whitespace().next()?;
    Some(Duration::from_nanos(first.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn the_cpu_time_is_the_first_number() {
        let time = cpu_time_in("1500000 42 7\n");
        assert_eq!(time, Some(Duration::from_micros(1500)));
        assert_eq!(cpu_time_in("\n"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_dropped_process_has_ended() {
        let (process, output) = Process::spawn(Command::new("sleep").arg("600")).unwrap();
        assert!(output.is_none() && process.ended().is_none());
        let path = format!("/proc/{}", process.id);
        assert!(Path::new(&path).exists());
        drop(process);
        assert!(!Path::new(&path).exists());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_cpu_time_is_that_of_all_threads() {
        const BUSY: Duration = Duration::from_millis(50);
        let this = Process {
            id: std::process::id(),
        };
        let before = this.cpu_time();
        let (done, is_done) = mpsc::channel();
        let (end, may_end) = mpsc::channel::<()>();
        // Not the first thread of this process, and still there when its time is read.
        let worker = thread::spawn(move || {
            while wasio_host::thread_cpu_time() < BUSY {
                std::hint::black_box(());
            }
            done.send(()).unwrap();
            may_end.recv().unwrap_err();
        });
        is_done.recv().unwrap();
        let used = this.cpu_time() - before;
        drop(end);
        worker.join().unwrap();
        assert!(used >= BUSY / 2, "{used:?}");
    }
}
