//! An HTTP/1.1 client, and tests of the two HTTP servers with it and with curl.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::connect;
use crate::process::{Server, on_every_host, share_machine};
use crate::rng::Rng;

/// A keep-alive connection.
pub(crate) struct Http {
    stream: BufReader<TcpStream>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let header = headers.find(|header| header.0.eq_ignore_ascii_case(name))?;
        Some(&header.1)
    }
}

impl Http {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self {
            stream: BufReader::new(connect(address)),
        }
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n").as_bytes());
        self.answer()
    }

    /// Sends and reads at the same time: the body may come back while it is sent.
    pub(crate) fn post(&mut self, path: &str, id: usize, body: &[u8]) -> Answer {
        self.send(head(path, id, body.len()).as_bytes());
        let mut sink = self.sink();
        thread::scope(|scope| {
            scope.spawn(move || sink.write_all(body).unwrap());
            self.answer()
        })
    }

    pub(crate) fn send(&self, bytes: &[u8]) {
        self.stream.get_ref().write_all(bytes).unwrap();
    }

    /// Returns a second handle, to send while the response is read.
    pub(crate) fn sink(&self) -> TcpStream {
        self.stream.get_ref().try_clone().unwrap()
    }

    pub(crate) fn answer(&mut self) -> Answer {
        let line = self.line();
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            let Some((name, value)) = line.split_once(": ") else {
                break;
            };
            headers.push((name.to_owned(), value.to_owned()));
        }
        let body = Vec::new();
        let mut answer = Answer {
            status,
            headers,
            body,
        };
        answer.body = match answer.header("content-length") {
            Some(len) => self.exactly(len.parse().unwrap()),
            None => {
                assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
                self.chunks()
            }
        };
        answer
    }

    fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let len = usize::from_str_radix(&self.line(), 16).unwrap();
            body.extend(self.exactly(len));
            assert_eq!(self.line(), "");
            if len == 0 {
                return body;
            }
        }
    }

    fn exactly(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.stream.read_exact(&mut bytes).unwrap();
        bytes
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line.strip_suffix("\r\n").unwrap().to_owned()
    }
}

/// Returns the head of a request with a body.
pub(crate) fn head(path: &str, id: usize, len: usize) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: test\r\nx-id: {id}\r\ncontent-length: {len}\r\n\r\n")
}

#[test]
fn hyper_serves_its_routes_on_one_connection() {
    let _machine = share_machine();
    for on in on_every_host() {
        let server = Server::start("hyper-server", on);
        let mut http = Http::connect(server.address);
        assert_eq!(http.get("/").body, b"wasio runs hyper\n");
        let body = Rng::new(7).bytes(300_000);
        let answer = http.post("/echo", 7, &body);
        assert_eq!(answer.header("x-id"), Some("7"));
        assert!(answer.body == body, "{on:?}");
        assert_eq!(http.post("/length", 8, &body).body, b"300000");
        assert_eq!(http.get("/nowhere").status, 404);
        assert_eq!(http.get("/").status, 200);
    }
}

#[test]
fn hyper_takes_and_sends_chunks() {
    let _machine = share_machine();
    for on in on_every_host() {
        let server = Server::start("hyper-server", on);
        let mut http = Http::connect(server.address);
        http.send(b"POST /echo HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n");
        for chunk in [
            "5\r\nhello\r\n",
            "1\r\n \r\n",
            "5\r\nworld\r\n",
            "0\r\n\r\n",
        ] {
            http.send(chunk.as_bytes());
        }
        assert_eq!(http.answer().body, b"hello world");
        // Pipelined requests are answered in order.
        http.send(b"GET / HTTP/1.1\r\nhost: test\r\n\r\nGET /no HTTP/1.1\r\nhost: test\r\n\r\n");
        assert_eq!((http.answer().status, http.answer().status), (200, 404));
    }
}

#[test]
fn hyper_streams_an_answer_while_it_is_made() {
    let _machine = share_machine();
    for on in on_every_host() {
        let server = Server::start("hyper-server", on);
        let mut http = Http::connect(server.address);
        let start = Instant::now();
        let answer = http.get("/count/50");
        let took = start.elapsed();
        assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
        let expected: String = (0..50).map(|number| format!("{number}\n")).collect();
        assert_eq!(answer.body, expected.as_bytes());
        // 49 steps of 5 ms.
        assert!(took >= Duration::from_millis(245), "{on:?}: {took:?}");
        assert!(took < Duration::from_secs(5), "{on:?}: {took:?}");
    }
}

#[test]
fn axum_serves_paths_state_and_bodies() {
    let _machine = share_machine();
    for on in on_every_host() {
        let server = Server::start("axum-server", on);
        let mut http = Http::connect(server.address);
        assert_eq!(http.get("/").body, b"wasio runs axum\n");
        assert_eq!(http.get("/hello/moon").body, b"hello, moon\n");
        assert_eq!(http.get("/visits").body, b"1\n");
        let mut other = Http::connect(server.address);
        assert_eq!(other.get("/visits").body, b"2\n");
        let mut body = Rng::new(1).bytes(100_000);
        let answer = http.post("/reverse", 0, &body);
        body.reverse();
        assert!(answer.body == body, "{on:?}");
        assert_eq!(http.get("/nowhere").status, 404);
    }
}

#[test]
#[ignore = "needs curl (apt-get install curl): cargo test -- --include-ignored"]
fn curl_is_served_by_hyper_and_by_axum() {
    let _machine = share_machine();
    for on in on_every_host() {
        let hyper = Server::start("hyper-server", on);
        let axum = Server::start("axum-server", on);
        let root = format!("http://{}/", hyper.address);
        // Two requests on one connection.
        assert_eq!(
            curl(&[&root, &format!("{root}count/3")]),
            "wasio runs hyper\n0\n1\n2\n"
        );
        let length = format!("{root}length");
        assert_eq!(curl(&["--data", "hello", &length]), "5");
        let hello = format!("http://{}/hello/curl", axum.address);
        assert_eq!(curl(&[&hello]), "hello, curl\n");
    }
}

fn curl(arguments: &[&str]) -> String {
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--fail", "--max-time", "30"])
        .args(arguments)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}
