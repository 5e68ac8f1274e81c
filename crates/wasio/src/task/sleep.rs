use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::io::Async;
use crate::time::Timer;

/// Waits until `after` has passed since this call.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::time::{Duration, Instant};
/// use wasio::task;
///
/// let start = Instant::now();
/// task::block_on(task::sleep(Duration::from_millis(5)))??;
/// assert!(start.elapsed() >= Duration::from_millis(5));
/// # Ok(())
/// # }
/// ```
pub fn sleep(after: Duration) -> Sleep {
    Sleep(State::Set(Timer::oneshot(after)))
}

/// Waits until `deadline`, or not at all if that has passed.
pub fn sleep_until(deadline: Instant) -> Sleep {
    sleep(deadline.saturating_duration_since(Instant::now()))
}

/// Waits for a moment. Made by [`sleep`] and [`sleep_until`].
///
/// It fails if this thread has no poll and cannot make one, and with
/// [`NotConnected`](io::ErrorKind::NotConnected) if the poll in which it was awaited first is gone.
#[derive(Debug)]
#[must_use = "a future does nothing until it is awaited"]
pub struct Sleep(State);

#[derive(Debug)]
enum State {
    /// Not awaited yet.
    Set(Timer),
    Waits(Async<Timer>),
    Done,
}

impl Future for Sleep {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let State::Set(timer) = &mut self.0 {
            let timer = std::mem::take(timer);
            self.0 = State::Waits(Async::new(timer)?);
        }
        let State::Waits(timer) = &self.0 else {
            return Poll::Ready(Ok(()));
        };
        let polled = timer.poll_readable(context);
        if polled.is_ready() {
            self.0 = State::Done;
        }
        polled
    }
}
