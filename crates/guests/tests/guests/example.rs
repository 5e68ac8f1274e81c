//! The programs in `examples/`, with real peers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use wasio_host::Stdin;
use wasio_host::peer::load::Load;

use crate::harness::{Case, Session};

use crate::talk::{hear, hear_end, say};

mod dial;
mod proxy;

pub(crate) use dial::*;
pub(crate) use proxy::*;

/// It serves forever: what it sends back is checked, and then it is stopped.
pub(crate) fn echo(case: &Case) {
    let guest = case.setup().listeners(1).start();
    let load = Load {
        connections: 100,
        messages: 20,
        slow_readers: 5,
        half_closes: 10,
        resets: 10,
        timeout: Duration::from_secs(40),
        ..Load::default()
    };
    let mut crowd = load.connect(guest.addr(0)).unwrap();
    let report = crowd.run(|_| {});
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!(crowd.open(), 80);
}

pub(crate) fn timers(case: &Case) {
    let start = Instant::now();
    let outcome = case.start().succeeds();
    // Five ticks of 20 ms, and three periods of quiet.
    assert!(start.elapsed() >= Duration::from_millis(160));
    let text = outcome.stdout_text();
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("quiet after "), "{text}");
    let ticks = text.lines().filter(|line| line.starts_with("tick "));
    // On a busy machine one line may be of several ticks.
    assert!((1..=5).contains(&ticks.count()), "{text}");
    let number = |line: &str| line.split(' ').nth(1)?.parse::<u64>().ok();
    let last = text
        .lines()
        .filter_map(|line| line.strip_prefix("tick ").and(number(line)));
    assert!(last.max() >= Some(5), "{text}");
}

pub(crate) fn stdin_and_sockets(case: &Case) {
    let setup = case.setup().listeners(1).stdin(Stdin::Pipe);
    let mut guest = setup.start();
    let mut stdin = guest.take_stdin().unwrap();
    let one = guest.connect();
    let mut said = "connection 0 opened\n".to_owned();
    guest.expect_stdout(&said);
    let two = guest.connect();
    said += "connection 1 opened\n";
    guest.expect_stdout(&said);
    stdin.write_all(b"to all\n").unwrap();
    hear(&one, "to all\n");
    hear(&two, "to all\n");
    say(&two, "hello\n");
    said += "1: hello\n";
    guest.expect_stdout(&said);
    drop(one);
    said += "connection 0 closed\n";
    guest.expect_stdout(&said);
    stdin.write_all(b"still here?\n").unwrap();
    hear(&two, "still here?\n");
    drop(stdin);
    hear_end(&two);
    guest.succeeds();
}

const MEMBERS: usize = 50;
const LINES: usize = 20;

fn line(speaker: usize, number: usize) -> String {
    format!("member {speaker} says line {number}\n")
}

/// Every line of each reaches all others, in the order it was said in.
pub(crate) fn chat(case: &Case) {
    let guest = case.setup().listeners(1).start();
    let members = enter(&guest, MEMBERS);
    std::thread::scope(|scope| {
        for (listener, member) in members.iter().enumerate() {
            scope.spawn(move || {
                let mut next = [0; MEMBERS];
                let mut lines = BufReader::new(member).lines();
                for _ in 0..(MEMBERS - 1) * LINES {
                    let heard = lines.next().unwrap().unwrap();
                    let speaker = heard.split(' ').nth(1).unwrap().parse::<usize>().unwrap();
                    assert_ne!(speaker, listener, "{heard}");
                    assert_eq!(format!("{heard}\n"), line(speaker, next[speaker]));
                    next[speaker] += 1;
                }
            });
            scope.spawn(move || {
                for number in 0..LINES {
                    // In two parts: a line is passed on when it is whole.
                    let text = line(listener, number);
                    let (start, rest) = text.split_at(text.len() / 2);
                    say(member, start);
                    say(member, rest);
                }
            });
        }
    });
    drop(members);
    deaf_member(&guest);
}

/// Connects members, and makes sure that each is in the room.
fn enter(guest: &Session, count: usize) -> Vec<TcpStream> {
    let mut members: Vec<TcpStream> = Vec::new();
    for _ in 0..count {
        let member = guest.connect();
        // Who is heard by somebody is in.
        if let Some(first) = members.first() {
            say(&member, "here\n");
            hear(first, "here\n");
        }
        for other in members.iter().skip(1) {
            hear(other, "here\n");
        }
        members.push(member);
    }
    members
}

/// One that does not read is told to leave, and the rest never wait for it.
fn deaf_member(guest: &Session) {
    let [speaker, listener, mut deaf] = enter(guest, 3).try_into().unwrap();
    let text = format!("{}\n", "x".repeat(16 * 1024 - 1));
    // More than its buffers and a megabyte.
    const COUNT: usize = 1024;
    for _ in 0..COUNT {
        // One line at a time: whoever reads is never behind.
        say(&speaker, &text);
        hear(&listener, &text);
    }
    // What the system had taken for it, and then the end or a reset.
    let mut rest = Vec::new();
    let end = deaf.read_to_end(&mut rest);
    assert!(
        rest.len() < COUNT * text.len(),
        "{} bytes, {end:?}",
        rest.len()
    );
    let timed_out = end.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
    assert!(!timed_out, "it was not told to leave");
    // The others are still in the room.
    say(&listener, "bye\n");
    hear(&speaker, "bye\n");
    listener.shutdown(Shutdown::Both).unwrap();
}
