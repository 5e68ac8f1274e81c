//! A guest on a host that may open few descriptors.

#![cfg(unix)]

#[path = "common/built.rs"]
mod built;
#[path = "common/program.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod program;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use program::{LIMIT, LISTENS01, Running, SOCKETS02, SOCKETS03, THREADS01, Version, address_of};

const LISTENS_THREADS01: Version = Version {
    options: &["--threads", "--listen", "127.0.0.1:0"],
    ..THREADS01
};

/// More than the descriptors that `ulimit` leaves.
const CONNECTIONS: usize = 100;

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("connect");
    stream.set_read_timeout(Some(LIMIT)).expect("a limit");
    stream
}

/// The command in a process that may have 64 descriptors.
fn limited(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""]);
    shell.arg(command.get_program()).args(command.get_args());
    shell.env_remove("LISTEN_PID").stdin(Stdio::null());
    shell.stdout(Stdio::piped()).stderr(Stdio::piped());
    shell
}

/// Connects until the server cannot accept, lets go of all, and is answered again.
fn serves_again(command: &Command, what: String) {
    let mut running = Running::start(&mut limited(command), what);
    let address = address_of(&running);
    let held: Vec<_> = (0..CONNECTIONS).map(|_| connect(&address)).collect();
    while !running.next_line(&running.stderr).starts_with("accept: ") {}
    drop(held);
    for number in 0..10 {
        let mut stream = connect(&address);
        stream.write_all(b"hello").expect("write");
        let mut answer = [0; 5];
        let read = stream.read_exact(&mut answer);
        read.unwrap_or_else(|error| panic!("{}, connection {number}: {error}", running.what));
        assert_eq!(&answer, b"hello");
    }
    running.child.kill().expect("it serves forever");
    running.child.wait().expect("wait");
}

#[test]
fn echo_that_ran_out_of_descriptors_answers_again_when_some_are_free() {
    for version in [LISTENS01, LISTENS_THREADS01, SOCKETS02, SOCKETS03] {
        let echo = version.run(&version.example("echo"));
        serves_again(&echo, format!("echo on {}", version.name));
    }
}

#[test]
fn native_echo_that_ran_out_of_descriptors_answers_again_when_some_are_free() {
    let echo = built::native("wasio-examples", "echo");
    serves_again(&Command::new(echo), "echo on this machine".to_owned());
}
