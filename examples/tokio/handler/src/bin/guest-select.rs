//! A test guest: all that a program may wait for on WASI 0.2, in one `select!` of tokio. Its argument
//! is the address of an HTTP server.

#[cfg(all(target_os = "wasi", target_env = "p2"))]
#[path = "../fetch.rs"]
mod fetch;

#[cfg(all(target_os = "wasi", target_env = "p2"))]
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[cfg(all(target_os = "wasi", target_env = "p2"))]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    on_wasi::run().await
}

#[cfg(not(all(target_os = "wasi", target_env = "p2")))]
fn main() {
    eprintln!("this program is for WASI 0.2: it asks a server by `wasi:http`");
}

#[cfg(all(target_os = "wasi", target_env = "p2"))]
mod on_wasi {
    use std::cell::Cell;
    use std::collections::BTreeSet;
    use std::future::poll_fn;
    use std::task::Poll;
    use std::time::Duration;

    use wasio::net::{TcpListener, UdpSocket, lookup};
    use wasio::task::Async;
    use wasio::time::Timer;
    use wasio::{Interest, stdio};

    use super::{Result, fetch};

    pub(crate) async fn run() -> Result<()> {
        let server = std::env::args().nth(1).ok_or("which server?")?;
        let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0))?;
        println!("listening {}", listener.get_ref().local_addr()?);
        let (stream, _) = listener.accept().await?;
        let socket = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0))?;
        println!("datagrams {}", socket.get_ref().local_addr()?);
        let readable = Interest::READABLE;
        let input = Async::with_interest(stdio::stdin()?, readable)?;
        let names = Async::with_interest(lookup("localhost")?, readable)?;
        let timer = Async::with_interest(Timer::oneshot(Duration::from_millis(20)), readable)?;

        let page = fetch::page(&server);
        tokio::pin!(page);
        let (mut line, mut bytes, mut datagram) = ([0; 64], [0; 64], [0; 64]);
        let mut seen = BTreeSet::new();
        let polls = Cell::new(0);
        while seen.len() < 6 {
            let what = tokio::select! {
                biased;
                () = count(&polls) => unreachable!("it counts, and is never ready"),
                read = input.read(&mut line), if !seen.contains("input") => {
                    print!("input: {}", String::from_utf8_lossy(&line[..read?]));
                    "input"
                }
                read = stream.read(&mut bytes), if !seen.contains("stream") => {
                    print!("stream: {}", String::from_utf8_lossy(&bytes[..read?]));
                    "stream"
                }
                received = socket.recv_from(&mut datagram), if !seen.contains("datagram") => {
                    print!("datagram: {}", String::from_utf8_lossy(&datagram[..received?.0]));
                    "datagram"
                }
                address = names.read_with(|names| names.next_address()), if !seen.contains("name") => {
                    assert!(address?.is_some_and(|address| address.is_loopback()));
                    "name"
                }
                page = &mut page, if !seen.contains("answer") => {
                    assert!(!page?.is_empty());
                    "answer"
                }
                ready = timer.readable(), if !seen.contains("timer") => {
                    ready?;
                    "timer"
                }
            };
            seen.insert(what);
            // From here on the test sends one thing after the other.
            if seen.len() == 3 {
                println!("the rest");
                polls.set(0);
            }
        }
        println!("{} polls", polls.get());
        Ok(())
    }
    /// Counts how often it is polled.
    async fn count(polls: &Cell<u32>) {
        poll_fn(|_| {
            polls.set(polls.get() + 1);
            Poll::Pending
        })
        .await
    }
}
