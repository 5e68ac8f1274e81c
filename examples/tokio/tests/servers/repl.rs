//! The programs with a console.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::time::{Duration, Instant};

use crate::connect;
use crate::process::{Server, on_every_host, share_machine};
use crate::services::Folder;

/// What the program counts.
const TICK: Duration = Duration::from_millis(10);

/// The program of tokio's issue 6501: standard input beside sockets, which needed a thread.
#[test]
fn a_console_a_server_and_a_timer_share_one_select() {
    let _machine = share_machine();
    for on in on_every_host() {
        let (server, mut console) = Server::start_with_input("repl", on);
        let start = Instant::now();
        let mut clients: Vec<_> = (0..3).map(|_| connect(server.address)).collect();
        for (index, client) in clients.iter_mut().enumerate() {
            writeln!(client, "client {index} is here").unwrap();
            server.expect_line(&format!("client {index} is here"));
        }
        // Input that never pauses holds up neither the timer nor the clients.
        while start.elapsed() < 20 * TICK {
            writeln!(console, "count").unwrap();
            server.expect_line("3 clients");
        }
        write!(console, "hello ").unwrap();
        writeln!(console, "to all").unwrap();
        for client in &clients {
            let mut line = String::new();
            BufReader::new(client).read_line(&mut line).unwrap();
            assert_eq!(line, "hello to all\n", "{on:?}");
        }
        drop(console);
        server.expect_line("end");
        let ticks = server.next_error();
        let count: u32 = ticks.strip_suffix(" ticks").unwrap().parse().unwrap();
        assert!(count >= 10, "{on:?}: {ticks} in more than 200 ms");
        server.finish();
    }
}

/// The timer and the sockets wait in the poll that a task without end keeps away.
#[test]
fn input_that_never_blocks_holds_up_no_timer() {
    const LINES: usize = 2_000_000;

    let _machine = share_machine();
    let folder = Folder::new("repl");
    folder.write("lines", &"x\n".repeat(LINES));
    for on in on_every_host() {
        let input = File::open(folder.path().join("lines")).unwrap();
        let start = Instant::now();
        let server = Server::start_with_file("repl", on, input);
        server.expect_line("end");
        let elapsed = start.elapsed();
        let ticks = server.next_error();
        let count: u32 = ticks.strip_suffix(" ticks").unwrap().parse().unwrap();
        assert!(count >= 5, "{on:?}: {ticks} in {elapsed:?}");
        server.finish();
    }
}

/// In the end also in tasks that are woken before their runtime has waited.
#[test]
fn standard_input_and_names_wait_in_the_runtime_that_awaits_them() {
    let _machine = share_machine();
    for on in on_every_host() {
        let (server, mut console) = Server::start_with_input("guest-runtimes", on);
        for number in 0..5 {
            // Two runtimes by turns, and one that came later.
            server.expect_line("ready");
            writeln!(console, "line {number}").unwrap();
            server.expect_line(&format!("line {number}"));
        }
        server.finish();
    }
}
