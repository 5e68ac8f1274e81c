//! Ctrl-C, and the other signals that end a program.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Context;
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::process;

/// The interval at which the signals are checked.
pub const CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// The exit code of a program that Ctrl-C ended.
pub const EXIT_CODE: u8 = 130;

/// Runs a program, which a signal may end at any moment with [`EXIT_CODE`].
pub fn watched(run: impl FnOnce(Watch) -> anyhow::Result<ExitCode>) -> ExitCode {
    let watch = match Watch::start() {
        Ok(watch) => watch,
        Err(error) => return failed(&error),
    };
    let signalled = Arc::clone(&watch.signalled);
    match run(watch) {
        Ok(code) => code,
        // What the signal ended fails here.
        Err(_) if signalled.load(Ordering::SeqCst) => EXIT_CODE.into(),
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("Error: {error:?}");
    ExitCode::FAILURE
}

/// Ends this process and its children on a signal.
#[derive(Debug)]
pub struct Watch {
    signalled: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Watch {
    /// Starts to watch.
    ///
    /// # Errors
    /// The system refuses a handler of a signal.
    pub fn start() -> anyhow::Result<Self> {
        let signalled = Arc::new(AtomicBool::new(false));
        let mut signals = vec![SIGINT, SIGTERM];
        #[cfg(unix)]
        signals.extend([signal_hook::consts::SIGHUP, signal_hook::consts::SIGQUIT]);
        for signal in signals {
            signal_hook::flag::register(signal, Arc::clone(&signalled))
                .context("cannot watch for Ctrl-C")?;
        }
        let over = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let (signalled, over) = (Arc::clone(&signalled), Arc::clone(&over));
            move || end_on(&signalled, &over)
        });
        Ok(Self {
            signalled,
            over,
            thread,
        })
    }

    /// From here on a signal does nothing but set the flag that this returns.
    #[must_use]
    pub fn into_flag(self) -> Arc<AtomicBool> {
        self.over.store(true, Ordering::SeqCst);
        // It can only have panicked, which has shown already.
        let _ = self.thread.join();
        self.signalled
    }
}

fn end_on(signalled: &AtomicBool, over: &AtomicBool) {
    while !over.load(Ordering::SeqCst) {
        if signalled.load(Ordering::SeqCst) {
            exit();
        }
        thread::sleep(CHECK_INTERVAL);
    }
}

/// Ends this process and its children, as a signal does.
pub fn exit() -> ! {
    process::end_all();
    // After what the progress bar has left. If the terminal is closed, this fails.
    let _ = writeln!(io::stderr());
    std::process::exit(EXIT_CODE.into());
}
