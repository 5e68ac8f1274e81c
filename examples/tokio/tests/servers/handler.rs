//! The component that exports `wasi:http/incoming-handler`, under `wasmtime serve`.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::http::Http;
use crate::process::{On, Server, handler, own_machine, share_machine, wasmtime};
use crate::services::{Service, redis};
use crate::{LIMIT, connect};

const REQUESTS: usize = 10_000;
const AT_A_TIME: usize = 64;
const GONE: usize = 50;

fn serve(redis: SocketAddr, server: SocketAddr) -> Server {
    let mut command = Command::new(wasmtime());
    command.args([
        "serve",
        "-S",
        "cli,inherit-network",
        "--addr",
        "127.0.0.1:0",
    ]);
    command.arg("--env").arg(format!("REDIS={redis}"));
    command.arg("--env").arg(format!("SERVER={server}"));
    Server::spawn(command.arg(handler()))
}

/// The handler, and what it asks.
struct All {
    redis: Service,
    pages: Server,
    handler: Server,
}

impl All {
    fn start() -> Self {
        let (redis, pages) = (redis(), Server::start("hyper-server", On::Native));
        let handler = serve(redis.address(0), pages.address);
        Self {
            redis,
            pages,
            handler,
        }
    }

    /// What redis has counted under this name.
    fn counted(&self, name: &str) -> usize {
        let mut stream = connect(self.redis.address(0));
        write!(stream, "INCRBY {name} 0\r\n").unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line.trim_end().strip_prefix(':').unwrap().parse().unwrap()
    }
}

/// Each of them asks redis over TCP and the other server by `wasi:http`, at the same time.
#[test]
#[ignore = "needs wasmtime and redis-server: see the README of this folder"]
fn thousands_of_requests_are_each_counted_and_answered() {
    let _machine = own_machine();
    let all = All::start();
    let page = Http::connect(all.pages.address).get("/").body.len();
    let (left, numbers) = (AtomicUsize::new(REQUESTS), Mutex::new(BTreeSet::new()));
    let take = || {
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(1)
        })
    };
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                let mut client = Http::connect(all.handler.address);
                while take().is_ok() {
                    let answer = client.get("/?3");
                    assert_eq!(answer.status, 200);
                    let text = String::from_utf8(answer.body).unwrap();
                    let (number, rest) = text.split_once(':').unwrap();
                    assert_eq!(rest, format!(" {page} bytes\nline 0\nline 1\nline 2\n"));
                    let number: usize = number.strip_prefix("request ").unwrap().parse().unwrap();
                    assert!(
                        numbers.lock().unwrap().insert(number),
                        "{number} came twice"
                    );
                }
            });
        }
    });
    assert!(numbers.into_inner().unwrap().into_iter().eq(1..=REQUESTS));
    assert_eq!(all.counted("gone"), 0);
}

#[test]
#[ignore = "needs wasmtime and redis-server: see the README of this folder"]
fn a_handler_sees_that_its_client_went_away_and_the_next_one_is_served() {
    let _machine = share_machine();
    let all = All::start();
    for _ in 0..GONE {
        let mut stream = connect(all.handler.address);
        write!(stream, "GET /?1000000 HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
        let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
        lines.find(|line| line == "line 3").expect("a line");
    }
    let start = Instant::now();
    while all.counted("gone") < GONE {
        assert!(start.elapsed() < LIMIT, "{} are gone", all.counted("gone"));
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(Http::connect(all.handler.address).get("/?2").status, 200);
    assert_eq!(all.counted("gone"), GONE);
}

#[test]
#[ignore = "needs wasmtime and redis-server: see the README of this folder"]
fn a_handler_whose_servers_are_not_there_says_which() {
    let _machine = share_machine();
    let unused = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = unused.local_addr().unwrap();
    drop(unused);
    let redis = redis();
    // The other server, and then redis: what listens at its address is never asked for a page.
    for (redis, server) in [(redis.address(0), closed), (closed, redis.address(0))] {
        let handler = serve(redis, server);
        let answer = Http::connect(handler.address).get("/");
        let text = String::from_utf8(answer.body).unwrap();
        assert_eq!(answer.status, 502, "{text}");
        assert!(text.contains(&closed.to_string()), "{text}");
    }
}
