//! Tests of `tokio-chat`.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::connect;
use crate::process::{Server, on_every_host, share_machine};

struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    fn join(address: SocketAddr) -> Self {
        Self {
            reader: BufReader::new(connect(address)),
        }
    }

    fn say(&self, line: &str) {
        let line = format!("{line}\n");
        self.reader.get_ref().write_all(line.as_bytes()).unwrap();
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Sends lines until another client receives one: then both have joined.
    fn meet(&mut self, other: &mut Self) {
        let patience = Duration::from_millis(50);
        other
            .reader
            .get_ref()
            .set_read_timeout(Some(patience))
            .unwrap();
        let mut heard = String::new();
        while !heard.ends_with('\n') {
            self.say("hello");
            // `heard` keeps a line of which only a part has arrived.
            let _ = other.reader.read_line(&mut heard);
        }
        other
            .reader
            .get_ref()
            .set_read_timeout(Some(crate::LIMIT))
            .unwrap();
    }

    fn hear_past_hellos(&mut self) -> String {
        loop {
            let line = self.hear();
            if line != "hello" {
                return line;
            }
        }
    }
}

#[test]
fn a_line_reaches_all_others_in_order() {
    let _machine = share_machine();
    for on in on_every_host() {
        let server = Server::start("tokio-chat", on);
        let mut clients: Vec<_> = (0..5).map(|_| Client::join(server.address)).collect();
        let (first, others) = clients.split_first_mut().unwrap();
        for other in &mut *others {
            first.meet(other);
        }
        for number in 0..200 {
            first.say(&format!("line {number}"));
        }
        for other in others {
            assert_eq!(other.hear_past_hellos(), "line 0");
            for number in 1..200 {
                assert_eq!(other.hear(), format!("line {number}"));
            }
        }
    }
}

#[test]
fn a_slow_reader_slows_the_sender_and_loses_nothing() {
    const LINES: usize = 200;
    const LEN: usize = 60_000;

    let _machine = share_machine();
    for on in on_every_host() {
        let server = Server::start("tokio-chat", on);
        let mut sender = Client::join(server.address);
        let mut reader = Client::join(server.address);
        sender.meet(&mut reader);
        let writing = std::thread::spawn(move || {
            // 12 MB: more than fits into all queues and buffers in between.
            for number in 0..LINES {
                sender.say(&format!("{number:0>LEN$}"));
            }
        });
        let mut line = reader.hear_past_hellos();
        for number in 0..LINES {
            assert_eq!(line.len(), LEN, "{on:?}");
            assert_eq!(line.parse(), Ok(number));
            if number + 1 < LINES {
                std::thread::sleep(Duration::from_millis(1));
                line = reader.hear();
            }
        }
        writing.join().unwrap();
    }
}

#[test]
fn a_reader_that_takes_nothing_is_cut_off() {
    // More than fits into all queues and buffers in between.
    const LINES: usize = 600;
    const LEN: usize = 60_000;

    let _machine = share_machine();
    for on in on_every_host() {
        let server = Server::start("tokio-chat", on);
        let mut sender = Client::join(server.address);
        let mut deaf = Client::join(server.address);
        sender.meet(&mut deaf);
        let mut other = Client::join(server.address);
        sender.meet(&mut other);
        let line = "x".repeat(LEN);
        let writing = std::thread::spawn(move || {
            for _ in 0..LINES {
                sender.say(&line);
            }
            sender.say("the end");
            sender
        });
        let mut heard = other.hear_past_hellos();
        let mut lines = 0;
        while heard != "the end" {
            assert_eq!(heard.len(), LEN, "{on:?}");
            lines += 1;
            heard = other.hear();
        }
        assert_eq!(lines, LINES, "{on:?}");
        writing.join().unwrap();
        // The data in flight arrives, and then the end of the stream or a reset.
        let mut rest = Vec::new();
        let _ = std::io::Read::read_to_end(&mut deaf.reader, &mut rest);
        assert!(rest.len() < LINES * LEN, "{on:?}: {}", rest.len());
    }
}
