//! An output that takes some bytes at a time, in the background, as that of an embedder may.

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::AsyncWrite;
use tokio::time::{Sleep, sleep};
use wasmtime_wasi::cli::AsyncStdoutStream;

use crate::run::capture::Shared;

/// How much is taken at a time.
const CHUNK: usize = 4 * 1024;
/// How long that takes.
const DELAY: Duration = Duration::from_millis(2);
/// How much waits to be taken.
const BUDGET: usize = 16 * 1024;

struct Slow {
    captured: Shared,
    delay: Option<Pin<Box<Sleep>>>,
}

/// Returns the output whose bytes are captured so.
pub(super) fn output(captured: Shared) -> AsyncStdoutStream {
    let delay = None;
    wasmtime_wasi::runtime::with_ambient_tokio_runtime(|| {
        AsyncStdoutStream::new(BUDGET, Slow { captured, delay })
    })
}

impl AsyncWrite for Slow {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let delay = self.delay.get_or_insert_with(|| Box::pin(sleep(DELAY)));
        ready!(delay.as_mut().poll(cx));
        self.delay = None;
        Poll::Ready((&self.captured).write(&bytes[..bytes.len().min(CHUNK)]))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
