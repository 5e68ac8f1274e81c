//! The reverse proxy under load.
//!
//! `WASIO_PROXY_MIB` sets how much goes each way in all, in MiB, for a machine that is slow.

use std::env;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
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
/// A slow end reads so much, and then pauses.
const SLOW_LEN: usize = 16 * 1024;
const PAUSE: Duration = Duration::from_millis(1);
/// What the proxy may need in all: it has two buffers of 64 KiB a connection.
const MAX_MEMORY_BYTES: usize = 16 << 20;
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
    assert!(memory < MAX_MEMORY_BYTES, "{memory} bytes");
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
        let patience = Some(Duration::from_secs(20));
        server.set_read_timeout(patience).unwrap();
        server.set_write_timeout(patience).unwrap();
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
        case.set_limit(Duration::from_secs(60 + mib as u64 / 10));
        let start = Instant::now();
        thread::scope(|scope| {
            for id in 0..CONNECTIONS {
                let (client, server) = self.pair();
                let pause = if id % SLOW_EVERY == 0 {
                    Some(PAUSE)
                } else {
                    None
                };
                scope.spawn(move || {
                    let seeds = [2 * id as u64, 2 * id as u64 + 1];
                    thread::scope(|ends| {
                        ends.spawn(|| send(&client, seeds[0], each));
                        ends.spawn(|| receive(&server, seeds[0], each, pause));
                        ends.spawn(|| send(&server, seeds[1], each));
                        ends.spawn(|| receive(&client, seeds[1], each, pause));
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

fn receive(mut stream: &TcpStream, seed: u64, len: usize, pause: Option<Duration>) {
    let mut pattern = Pattern::new(seed);
    let mut buffer = vec![0; pause.map_or(64 * 1024, |_| SLOW_LEN)];
    let mut left = len;
    while left > 0 {
        let room = buffer.len().min(left);
        if let Err(error) = stream.read_exact(&mut buffer[..room]) {
            panic!("{left} of {len} bytes left: {error}");
        }
        assert!(buffer[..room] == pattern.take(room)[..], "other bytes");
        left -= room;
        if let Some(pause) = pause {
            thread::sleep(pause);
        }
    }
    hear_end(stream);
}
