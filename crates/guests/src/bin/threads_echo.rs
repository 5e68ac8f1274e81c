//! One thread accepts, and polls all connections. Two other threads serve them: they read, write
//! and close a connection while it is registered.

use std::io::{ErrorKind, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use wasio::net::TcpStream;
use wasio::{Interest, Token, Waker};
use wasio_guests::driver::{Driver, say};

const LISTENER: usize = usize::MAX;
const WAKER: usize = usize::MAX - 1;

type Shared = Arc<Mutex<Option<TcpStream>>>;

fn main() {
    let count: usize = std::env::args().nth(1).expect("a count").parse().unwrap();
    let mut listener = wasio_guests::listener();
    let mut driver = Driver::default();
    driver.register(&mut listener, LISTENER, Interest::READABLE);
    let waker = Waker::new(driver.poll.registry(), Token(WAKER)).expect("a waker");
    let ended = Arc::new(AtomicUsize::new(0));
    let end = Arc::new((waker, Arc::clone(&ended)));
    let workers = [worker(Arc::clone(&end)), worker(end)];
    let mut streams: Vec<Shared> = Vec::new();
    while ended.load(Ordering::Acquire) < count {
        for event in driver.next_events() {
            match event.token().0 {
                WAKER => {}
                LISTENER => {
                    while let Ok((mut stream, _)) = listener.accept() {
                        driver.register(&mut stream, streams.len(), Interest::READABLE);
                        streams.push(Arc::new(Mutex::new(Some(stream))));
                    }
                }
                token => {
                    let job = Arc::clone(&streams[token]);
                    workers[token % 2].send(job).expect("a worker");
                }
            }
        }
    }
}

/// The body of a serving thread: serves the connections that it is sent, until the channel closes.
fn worker(end: Arc<(Waker, Arc<AtomicUsize>)>) -> Sender<Shared> {
    let (sender, jobs) = channel::<Shared>();
    thread::spawn(move || {
        let mut buffer = vec![0; 4096];
        for job in jobs {
            let mut job = job.lock().expect("nobody panics");
            if job
                .as_ref()
                .is_some_and(|stream| serve(stream, &mut buffer))
            {
                *job = None;
                end.1.fetch_add(1, Ordering::Release);
                end.0.wake().expect("wake");
            }
        }
    });
    sender
}

/// Echoes until the stream would block. Returns `true` at its end.
fn serve(mut stream: &TcpStream, buffer: &mut [u8]) -> bool {
    loop {
        match stream.read(buffer) {
            Ok(0) => {
                say(stream, "end");
                return true;
            }
            Ok(count) => stream.write_all(&buffer[..count]).expect("room"),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Err(error) => panic!("read: {error}"),
        }
    }
}
