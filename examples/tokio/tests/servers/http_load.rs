//! hyper under load. Every response is compared with its request.
//!
//! `WASIO_HTTP_CONNECTIONS` and `WASIO_HTTP_REQUESTS` set the size (the full size is 1000 and
//! 100000). `WASIO_HTTP_BODY` sets the size of the largest body in bytes.

use std::env;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::cpu;
use crate::http::{Answer, Http, head};
use crate::process::{On, Server, everywhere, own_machine};
use crate::rng::Rng;
use crate::{LIMIT, connect};

/// The number of rounds in which the requests are sent. The memory of the process grows in the
/// first rounds and then stays, because WebAssembly does not return memory. The number of allocated
/// bytes returns to its level.
const ROUNDS: usize = 4;
/// The number of bytes that may remain, because tables grow with the connections. One body, or a
/// buffer per connection, would be more.
const LEFT_BYTES: usize = 32 << 10;
const LEFT_BYTES_A_CONNECTION: usize = 1 << 10;
/// The allowed difference between the last two rounds.
const NOISE_BYTES: u64 = 4 << 20;
const NOISE_BYTES_A_CONNECTION: u64 = 12 << 10;

struct Load {
    address: SocketAddr,
    connections: usize,
    requests: usize,
    largest_body: usize,
    /// The number of the next request.
    next: AtomicUsize,
    aborted: AtomicUsize,
}

fn size(variable: &str, default: usize) -> usize {
    match env::var(variable) {
        Ok(text) => text.parse().unwrap(),
        Err(_) => default,
    }
}

#[test]
fn no_answer_is_lost_or_mixed_up_among_slow_and_aborting_clients() {
    let _machine = own_machine();
    for on in everywhere() {
        let mut server = Server::start("hyper-server", on);
        let connections = size("WASIO_HTTP_CONNECTIONS", 200);
        let noise_bytes = NOISE_BYTES + NOISE_BYTES_A_CONNECTION * connections as u64;
        let mut resident_bytes = Vec::new();
        let mut watcher = Http::connect(server.address);
        assert_eq!(watcher.get("/").status, 200);
        let level = live_bytes(&mut watcher);
        drop(watcher);
        for _ in 0..ROUNDS {
            let load = Load {
                address: server.address,
                connections,
                requests: size("WASIO_HTTP_REQUESTS", 10_000) / ROUNDS,
                largest_body: size("WASIO_HTTP_BODY", 1 << 20),
                next: AtomicUsize::new(0),
                aborted: AtomicUsize::new(0),
            };
            load.run();
            assert!(load.aborted.into_inner() > 0);
            resident_bytes.push(cpu::memory_bytes(server.id()));
        }
        assert!(server.is_running(), "{on:?}");
        assert!(
            resident_bytes[ROUNDS - 1] <= resident_bytes[ROUNDS - 2] + noise_bytes,
            "{on:?}: {resident_bytes:?}"
        );
        let mut http = Http::connect(server.address);
        assert_eq!(http.get("/").status, 200);
        // Not on WASI 0.2: there libc frees the data that the host returned past the counting
        // allocator.
        if on != On::Wasi02 {
            let left = LEFT_BYTES + LEFT_BYTES_A_CONNECTION * connections;
            assert_returns_to(level + left, || live_bytes(&mut http));
        }
    }
}

/// The number of bytes that the program has allocated.
fn live_bytes(watcher: &mut Http) -> usize {
    let answer = watcher.get("/live-bytes");
    String::from_utf8(answer.body).unwrap().parse().unwrap()
}

/// Waits, because the server notices the end of the last clients a moment later.
fn assert_returns_to(level: usize, mut bytes: impl FnMut() -> usize) {
    let deadline = Instant::now() + LIMIT;
    loop {
        let now = bytes();
        if now <= level {
            return;
        }
        let is_late = Instant::now() >= deadline;
        assert!(!is_late, "{now} bytes are left, not {level} at most");
        thread::sleep(Duration::from_millis(10));
    }
}

impl Load {
    fn run(&self) {
        thread::scope(|scope| {
            for _ in 0..self.connections {
                thread::Builder::new()
                    .stack_size(128 << 10)
                    .spawn_scoped(scope, || self.client())
                    .unwrap();
            }
        });
    }

    fn client(&self) {
        let mut http = Http::connect(self.address);
        loop {
            let id = self.next.fetch_add(1, Ordering::Relaxed);
            if id >= self.requests {
                return;
            }
            let mut rng = Rng::new(id as u64);
            let largest = match rng.below(50) {
                0 => self.largest_body,
                _ => self.largest_body.min(4096),
            };
            let len = rng.below(largest + 1);
            let body = rng.bytes(len);
            match rng.below(100) {
                0..2 => self.abort(id, &body),
                2..7 => slowly(&mut http, id, &body, &mut rng),
                _ => assert_echo(&http.post("/echo", id, &body), id, &body),
            }
        }
    }

    /// Sends a request and disconnects in the middle of it.
    fn abort(&self, id: usize, body: &[u8]) {
        let mut stream = connect(self.address);
        let promised = body.len() + 1;
        let head = head("/echo", id, promised);
        stream.write_all(head.as_bytes()).unwrap();
        // The response is not read, so it must fit into the buffers.
        let sent = body.len().min(32 << 10);
        stream.write_all(&body[..sent]).unwrap();
        self.aborted.fetch_add(1, Ordering::Relaxed);
    }
}

/// Sends a request in parts, with pauses.
fn slowly(http: &mut Http, id: usize, body: &[u8], rng: &mut Rng) {
    const PAUSE: Duration = Duration::from_millis(2);

    let body = &body[..body.len().min(20_000)];
    let head = head("/echo", id, body.len());
    let (start, end) = head.split_at(rng.below(head.len()));
    http.send(start.as_bytes());
    thread::sleep(PAUSE);
    http.send(end.as_bytes());
    for piece in body.chunks(2000) {
        thread::sleep(PAUSE);
        http.send(piece);
    }
    assert_echo(&http.answer(), id, body);
}

fn assert_echo(answer: &Answer, id: usize, body: &[u8]) {
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-id"), Some(&*id.to_string()));
    assert!(answer.body == body, "the body of request {id}");
}
