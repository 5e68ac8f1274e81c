//! The reverse proxy under load.
//!
//! `WASIO_PROXY_MIB` sets how much goes each way in all, in MiB, for a machine that is slow.

use std::env;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use wasio_host::Exit;
use wasio_host::peer::{self, Pattern};

use crate::harness::{Case, Host};
use crate::talk::{end, hear, hear_end, say};

const CONNECTIONS: usize = 50;
const ALL_MIB: usize = 1024;
/// So many connections, one of which has slow ends.
const SLOW_EVERY: usize = 5;
/// A slow end reads so much, and then pauses. After this part of all it stops, until the quick ones are done.
const SLOW_LEN: usize = 16 * 1024;
const PAUSE: Duration = Duration::from_millis(1);
const SLOW_PART: usize = 4;
/// What the proxy may need in all: it has two buffers of 64 KiB a connection.
const MAX_MEMORY_BYTES: usize = 16 << 20;
/// What the process of a host may need beside that: its own code, and what it makes of the guest's.
const MAX_COMMAND_LINE_BYTES: usize = 48 << 20;
/// What the systems between two ends keep of a direction that nobody reads.
const MAX_BETWEEN_BYTES: usize = 64 << 20;

pub(crate) fn reverse_proxy(case: &Case) {
    let server = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = server.local_addr().unwrap();
    let guest = case.setup().arg(address.to_string()).listeners(1).start();
    if matches!(case.host(), Host::Sockets01 | Host::Threads01) {
        // It says why, and the client is told by the end.
        hear_end(&guest.connect());
        let outcome = guest.outcome_within(Duration::from_millis(100));
        let text = outcome.stderr_text().into_owned();
        assert!(text.contains("WASI 0.2"), "{text}");
        return;
    }
    let proxy = Proxy {
        address: guest.addr(0),
        server,
    };
    proxy.keeps_half_closed_connections();
    proxy.waits_for_who_does_not_read();
    proxy.moves_all(case);
    proxy.drops_who_resets();
    proxy.tells_that_there_is_no_server();
    let outcome = guest.outcome_within(Duration::from_millis(100));
    assert_eq!(outcome.exit, Exit::TimedOut);
    let memory = outcome.peak_memory_bytes;
    eprintln!("{} KiB at the most", memory >> 10);
    let of_host = match case.host() {
        Host::CommandLine(_) => MAX_COMMAND_LINE_BYTES,
        _ => 0,
    };
    assert!(memory < MAX_MEMORY_BYTES + of_host, "{memory} bytes");
    // Of a process only Linux tells.
    assert!(memory > 0 || !cfg!(target_os = "linux"));
}

struct Proxy {
    address: SocketAddr,
    server: TcpListener,
}

impl Proxy {
    /// Both ends of a connection through the proxy.
    fn pair(&self) -> (TcpStream, TcpStream) {
        let client = peer::connect(self.address).unwrap();
        let (server, _) = self.server.accept().unwrap();
        set_patience(&server, Duration::from_secs(20));
        (client, server)
    }

    fn keeps_half_closed_connections(&self) {
        for reversed in [false, true] {
            let (mut one, mut other) = self.pair();
            if reversed {
                (one, other) = (other, one);
            }
            say(&one, "request");
            end(&one);
            hear(&other, "request");
            hear_end(&other);
            say(&other, "answer");
            hear(&one, "answer");
            say(&other, " and more");
            drop(other);
            hear(&one, " and more");
            hear_end(&one);
        }
    }

    /// A sender is stopped while nobody reads, and nothing is lost.
    fn waits_for_who_does_not_read(&self) {
        let (client, mut server) = self.pair();
        client.set_write_timeout(Some(PAUSE * 200)).unwrap();
        let mut sent = 0;
        let chunk = Pattern::new(3).take(64 * 1024);
        let mut rest = 0;
        while sent < MAX_BETWEEN_BYTES {
            match (&client).write(&chunk[rest..]) {
                Ok(count) => {
                    sent += count;
                    rest = (rest + count) % chunk.len();
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("after {sent} bytes: {error}"),
            }
        }
        assert!(sent < MAX_BETWEEN_BYTES, "nothing stops the sender");
        end(&client);
        let mut received = Vec::new();
        server.read_to_end(&mut received).unwrap();
        assert_eq!(received.len(), sent);
        let expected = chunk.iter().cycle();
        assert!(received.iter().zip(expected).all(|(got, sent)| got == sent));
        drop(server);
        hear_end(&client);
    }

    /// Every byte of every connection, each way, at once.
    fn moves_all(&self, case: &Case) {
        let mib = env::var("WASIO_PROXY_MIB").map_or(ALL_MIB, |mib| {
            mib.parse().expect("WASIO_PROXY_MIB is a number")
        });
        let each = (mib << 20).div_ceil(CONNECTIONS);
        // At the least 10 MiB a second each way.
        let limit = Duration::from_secs(60 + mib as u64 / 10);
        case.set_limit(limit);
        let start = Instant::now();
        let is_slow = |id: &usize| id.is_multiple_of(SLOW_EVERY);
        // The quick ends that wait for more, in either direction.
        let quick = &AtomicUsize::new(2 * (0..CONNECTIONS).filter(|id| !is_slow(id)).count());
        thread::scope(|scope| {
            for id in 0..CONNECTIONS {
                let (client, server) = self.pair();
                if is_slow(&id) {
                    set_patience(&client, limit);
                    set_patience(&server, limit);
                }
                scope.spawn(move || {
                    let seeds = [2 * id as u64, 2 * id as u64 + 1];
                    let receive = |stream: &TcpStream, seed| {
                        let mut wanted = Wanted::new(seed, each);
                        if is_slow(&id) {
                            wanted.receive_slowly(stream, each / SLOW_PART);
                            wait_for_none(quick, limit);
                        }
                        wanted.receive(stream);
                        if !is_slow(&id) {
                            quick.fetch_sub(1, Ordering::Relaxed);
                        }
                    };
                    thread::scope(|ends| {
                        ends.spawn(|| send(&client, seeds[0], each));
                        ends.spawn(|| receive(&server, seeds[0]));
                        ends.spawn(|| send(&server, seeds[1], each));
                        ends.spawn(|| receive(&client, seeds[1]));
                    });
                });
            }
        });
        eprintln!("{mib} MiB each way in {:?}", start.elapsed());
    }

    /// The other end hears of it, and the others go on.
    fn drops_who_resets(&self) {
        let (client, server) = self.pair();
        let (other_client, other_server) = self.pair();
        say(&client, "hello");
        hear(&server, "hello");
        peer::reset(client).unwrap();
        let mut rest = Vec::new();
        // An end or a reset of its own, in time.
        match (&server).read_to_end(&mut rest) {
            Ok(_) => assert_eq!(rest, b""),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
        say(&other_client, "still here");
        hear(&other_server, "still here");
    }

    fn tells_that_there_is_no_server(self) {
        drop(self.server);
        hear_end(&peer::connect(self.address).unwrap());
    }
}

fn send(mut stream: &TcpStream, seed: u64, len: usize) {
    let mut pattern = Pattern::new(seed);
    let mut left = len;
    while left > 0 {
        let chunk = pattern.take(left.min(64 * 1024));
        if let Err(error) = stream.write_all(&chunk) {
            panic!("{left} of {len} bytes left: {error}");
        }
        left -= chunk.len();
    }
    stream.shutdown(Shutdown::Write).unwrap();
}

/// What an end is still to receive.
struct Wanted {
    pattern: Pattern,
    left: usize,
}

impl Wanted {
    fn new(seed: u64, len: usize) -> Self {
        Self {
            pattern: Pattern::new(seed),
            left: len,
        }
    }

    /// Receives `len` bytes, with a pause after each few.
    fn receive_slowly(&mut self, stream: &TcpStream, len: usize) {
        let mut buffer = vec![0; SLOW_LEN];
        for _ in 0..len / SLOW_LEN {
            self.receive_some(stream, &mut buffer);
            thread::sleep(PAUSE);
        }
    }

    /// Receives the rest, and the end.
    fn receive(&mut self, stream: &TcpStream) {
        let mut buffer = vec![0; 64 * 1024];
        while self.left > 0 {
            let room = buffer.len().min(self.left);
            self.receive_some(stream, &mut buffer[..room]);
        }
        hear_end(stream);
    }

    fn receive_some(&mut self, mut stream: &TcpStream, buffer: &mut [u8]) {
        if let Err(error) = stream.read_exact(buffer) {
            panic!("{} bytes left: {error}", self.left);
        }
        assert!(buffer == self.pattern.take(buffer.len()), "other bytes");
        self.left -= buffer.len();
    }
}

/// The quick ends do not wait for the slow ones: they are done before these go on.
fn wait_for_none(left: &AtomicUsize, limit: Duration) {
    let start = Instant::now();
    while left.load(Ordering::Relaxed) > 0 {
        assert!(start.elapsed() < limit, "the quick ends are held up");
        thread::sleep(PAUSE);
    }
}

fn set_patience(stream: &TcpStream, patience: Duration) {
    stream.set_read_timeout(Some(patience)).unwrap();
    stream.set_write_timeout(Some(patience)).unwrap();
}
