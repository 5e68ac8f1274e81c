//! The processes of a test, which another thread than its own can kill.

use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// The interval at which a process is checked for its end.
const CHECK_INTERVAL: Duration = Duration::from_millis(2);

/// A process, for the thread that waits for it and for the one that watches the time of the test.
#[derive(Clone, Debug)]
pub(super) struct Process {
    id: u32,
    child: Arc<Mutex<Child>>,
}

impl Process {
    fn new(child: Child) -> Self {
        Self {
            id: child.id(),
            child: Arc::new(Mutex::new(child)),
        }
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// Waits until it has ended, for `timeout` and no less. `None` if it runs still.
    pub(super) fn wait(&self, timeout: Duration) -> Option<ExitStatus> {
        let start = Instant::now();
        loop {
            // Locked for the question alone, so that `kill` never waits.
            let ended = self.child.lock().unwrap().try_wait();
            let ended = ended.expect("wait for the guest");
            let left = timeout.saturating_sub(start.elapsed());
            if ended.is_some() || left.is_zero() {
                return ended;
            }
            thread::sleep(left.min(CHECK_INTERVAL));
        }
    }

    /// Ends it if it still runs. Its outputs end with it.
    pub(super) fn kill(&self) {
        let mut child = self.child.lock().unwrap();
        // Fails when it has ended by itself.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// The processes that a test has started.
#[derive(Clone, Debug, Default)]
pub(super) struct Processes(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    started: Vec<Process>,
    is_over: bool,
}

impl Processes {
    /// Takes up a child that was just started. It is killed at once if the test is over.
    pub(super) fn add(&self, child: Child) -> Process {
        let process = Process::new(child);
        let mut state = self.0.lock().unwrap();
        if state.is_over {
            process.kill();
        } else {
            state.started.push(process.clone());
        }
        process
    }

    /// Kills those that run, and those that are still to come.
    pub(super) fn end(&self) {
        let mut state = self.0.lock().unwrap();
        state.is_over = true;
        for process in state.started.drain(..) {
            process.kill();
        }
    }
}
