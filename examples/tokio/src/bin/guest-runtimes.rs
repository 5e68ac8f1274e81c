//! Several runtimes on one thread: standard input and names wait in the one that awaits them.

#[cfg(not(target_env = "p1"))]
use std::future::poll_fn;
use std::io;
#[cfg(not(target_env = "p1"))]
use std::task::Poll;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::runtime::{Builder, Runtime};
use wasio_tokio::stdin;
use wasio_tokio_examples::listener;

fn main() -> io::Result<()> {
    let runtimes = [runtime()?, runtime()?];
    let _listener = runtimes[0].block_on(listener())?;
    let mut lines = BufReader::new(stdin()).lines();
    for _ in 0..2 {
        for runtime in &runtimes {
            println!("ready");
            let line = runtime.block_on(lines.next_line())?;
            println!("{}", line.unwrap_or_default());
            #[cfg(not(target_env = "p1"))]
            look_up(runtime)?;
        }
    }
    #[cfg(not(target_env = "p1"))]
    for runtime in &runtimes {
        look_up_while_woken(runtime)?;
    }
    drop(runtimes);
    println!("ready");
    let line = runtime()?.block_on(lines.next_line())?;
    println!("{}", line.unwrap_or_default());
    Ok(())
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

#[cfg(not(target_env = "p1"))]
fn look_up(runtime: &Runtime) -> io::Result<()> {
    let mut addresses = runtime.block_on(wasio_tokio::lookup_host("localhost:1"))?;
    assert!(addresses.all(|address| address.ip().is_loopback()));
    Ok(())
}

/// In a task that is woken again and again before its runtime has waited.
#[cfg(not(target_env = "p1"))]
fn look_up_while_woken(runtime: &Runtime) -> io::Result<()> {
    let task = runtime.spawn(async {
        let mut wakes = 0..5;
        let woken = poll_fn(|context| match wakes.next() {
            Some(_) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            None => Poll::Ready(()),
        });
        let (found, ()) = tokio::join!(wasio_tokio::lookup_host("localhost:1"), woken);
        found.map(|mut addresses| addresses.next())
    });
    let first = runtime.block_on(task)??;
    assert!(first.is_some_and(|address| address.ip().is_loopback()));
    Ok(())
}
