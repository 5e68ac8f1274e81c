//! The captured output of a guest.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use wasmtime_wasi::p2::pipe::MemoryOutputPipe;

/// What a guest has written to one of its outputs so far.
#[derive(Clone, Debug)]
pub(crate) enum Capture {
    Shared(Shared),
    Pipe(MemoryOutputPipe),
}

/// A buffer that the guest writes and the host may read at any time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared(Arc<Mutex<Vec<u8>>>);

impl Capture {
    /// Returns the bytes so far.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Shared(shared) => shared.lock().clone(),
            Self::Pipe(pipe) => pipe.contents().to_vec(),
        }
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(|error| error.into_inner())
    }
}

impl Write for &Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
