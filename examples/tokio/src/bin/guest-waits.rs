//! A test guest: what a million waits of `Async` cost in tokio's runtime, and what a million futures
//! leave behind that are dropped while they wait.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use wasio::task::Async;
use wasio::time::Timer;
use wasio::{Interest, SourceFd};
use wasio_tokio_examples::{allocations, live_bytes};

const MILLION: u32 = 1_000_000;
const WARM_UP: u32 = 100;
const FAR: Duration = Duration::from_secs(3_600);

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    // Standard output is always writable. wasio does not see what is written to it, so each wait is one
    // of the runtime.
    let output = Async::with_interest(SourceFd(&1), Interest::WRITABLE)?;
    wait(&output, WARM_UP).await?;
    let before = allocations();
    assert!(before > 0, "nothing is counted");
    wait(&output, MILLION).await?;
    let made = allocations() - before;
    drop(output);

    let timer = Async::with_interest(Timer::oneshot(FAR), Interest::READABLE)?;
    drop_while_waiting(&timer, WARM_UP).await;
    let before = live_bytes();
    drop_while_waiting(&timer, MILLION).await;
    let left = live_bytes() - before;
    println!("{made} allocations, {left} bytes left");
    Ok(())
}

async fn wait(output: &Async<SourceFd<'_>>, times: u32) -> io::Result<()> {
    for _ in 0..times {
        output.writable().await?;
    }
    Ok(())
}

async fn drop_while_waiting(timer: &Async<Timer>, times: u32) {
    for _ in 0..times {
        let mut future = pin!(timer.readable());
        poll_fn(|context| {
            assert!(future.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
    }
}
