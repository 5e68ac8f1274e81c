//! The counts of a running guest, in a file.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use wasio_host::Counts;

const INTERVAL: Duration = Duration::from_millis(200);

/// A line of at most this length is the whole file, so that each line replaces all of the last one.
const LINE_LEN: usize = 79;

/// The file. It is opened once, so that a host without descriptors can still write to it.
#[derive(Debug)]
pub(crate) struct Stats(File);

/// The file, and what is written to it.
#[derive(Clone, Debug)]
pub(crate) struct Followed(Arc<Mutex<(File, Counts)>>);

impl Stats {
    /// # Errors
    /// The file cannot be created.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let file = File::create(path);
        let file = file.with_context(|| format!("cannot write to {}", path.display()))?;
        Ok(Self(file))
    }

    /// Writes `counts` on another thread from now on.
    pub(crate) fn follow(self, counts: Counts) -> Followed {
        let followed = Followed(Arc::new(Mutex::new((self.0, counts))));
        let clone = followed.clone();
        thread::spawn(move || {
            loop {
                clone.report();
                thread::sleep(INTERVAL);
            }
        });
        followed
    }
}

impl Followed {
    /// Writes the last counts. None follow.
    pub(crate) fn finish(&self) {
        self.report();
    }

    fn report(&self) {
        let mut locked = self.lock();
        let (file, counts) = &mut *locked;
        // A file that cannot be written, on a full disk for instance, does not end the guest.
        let _ = write(file, counts);
    }

    fn lock(&self) -> MutexGuard<'_, (File, Counts)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write(file: &mut File, counts: &Counts) -> io::Result<()> {
    let (calls, resources, memory) = (
        counts.host_calls(),
        counts.resources(),
        counts.memory_bytes(),
    );
    let line = format!("host_calls={calls} resources={resources} memory={memory}");
    file.rewind()?;
    file.write_all(format!("{line:<LINE_LEN$}\n").as_bytes())
}
