//! Ctrl-C ends the demo and the bench at any moment, and leaves no process.
//!
//! Each test starts the program, waits for what shows the moment, and interrupts it. Servers, cargo
//! and wasmtime are [`stand_ins`], so that each moment lasts until then and needs no host.
#![cfg(target_os = "linux")]

mod session;
mod stand_ins;

use std::process::Command;

use rustix::process::Signal;
use wasio_bench::interrupt::EXIT_CODE;

use session::{Session, To};
use stand_ins::{Cargo, StandIns, Wasmtime};

const DEMO: &str = env!("CARGO_BIN_EXE_demo");
const BENCH: &str = env!("CARGO_BIN_EXE_bench");

/// The connections of the demo.
const CLIENTS: usize = 20;

/// The exit code of what was interrupted.
const INTERRUPTED: Option<i32> = Some(EXIT_CODE as i32);

/// The demo of one server, which needs no cargo.
fn demo(wasmtime: Wasmtime, arguments: &[&str]) -> Command {
    let stand_ins = StandIns::get();
    let mut command = Command::new(DEMO);
    // Any file is a guest to the stand-in.
    command
        .args(["--wasi", "0.3", "--guest", DEMO, "--wasmtime"])
        .arg(stand_ins.wasmtime(wasmtime))
        .args(["--clients", &CLIENTS.to_string()])
        .args(arguments);
    command
}

fn bench(cargo: Cargo, arguments: &[&str]) -> Command {
    let mut command = Command::new(BENCH);
    command.args(arguments);
    StandIns::get().put_on_path(cargo, &mut command);
    command
}

/// Interrupts what `start` starts when `is_there` says so: by a signal to its process alone, as
/// `kill -INT` does, and to its group, as a terminal does.
#[track_caller]
fn is_ended(start: impl Fn() -> Command, is_there: impl Fn(&Session) -> bool) {
    for to in [To::Process, To::Group] {
        let session = Session::start(start());
        session.wait_until(&is_there);
        session.signal(Signal::INT, to);
        let ended = session.end();
        assert_eq!(ended.status.code(), INTERRUPTED, "{to:?}: {ended:?}");
        assert!(!ended.stderr.contains("rror"), "{to:?}: {ended:?}");
        assert!(!ended.stderr.contains("panicked"), "{to:?}: {ended:?}");
    }
}

/// The sockets of the server: its listener and its connections.
fn sockets_of_server(session: &Session) -> usize {
    let servers = session.processes_called(stand_ins::SERVER);
    servers.iter().map(|server| server.sockets()).sum()
}

/// `kill -INT` of the demo alone once left cargo and its compilers.
#[test]
fn the_demo_is_ended_while_cargo_builds_its_guests() {
    let start = || {
        let mut command = Command::new(DEMO);
        let wasmtime = StandIns::get().wasmtime(Wasmtime::Hangs);
        command.arg("--wasmtime").arg(wasmtime);
        StandIns::get().put_on_path(Cargo::Hangs, &mut command);
        command
    };
    is_ended(start, |session| session.has(stand_ins::HANGING));
}

#[test]
fn the_demo_is_ended_while_its_server_starts() {
    is_ended(
        || demo(Wasmtime::Hangs, &[]),
        |session| session.has(stand_ins::HANGING),
    );
}

#[test]
fn the_demo_is_ended_while_all_connections_are_busy() {
    is_ended(
        || demo(Wasmtime::Serves, &["--messages", "1000000"]),
        |session| sockets_of_server(session) == 1 + CLIENTS,
    );
}

/// The connection that talks is one more.
#[test]
fn the_demo_is_ended_while_one_connection_talks() {
    is_ended(
        || demo(Wasmtime::Serves, &["--messages", "1", "--seconds", "3600"]),
        |session| sockets_of_server(session) == 1 + CLIENTS + 1,
    );
}

/// It is there to be ended by Ctrl-C, so that is no failure.
#[test]
fn the_demo_serves_until_ctrl_c() {
    for to in [To::Process, To::Group] {
        let session = Session::start(demo(Wasmtime::Serves, &["--serve"]));
        session.wait_until(|session| session.stdout().contains("Ctrl-C ends it."));
        session.signal(Signal::INT, to);
        let ended = session.end();
        assert_eq!(ended.status.code(), Some(0), "{to:?}: {ended:?}");
        assert!(ended.stdout.contains("Served for"), "{to:?}: {ended:?}");
    }
}

/// A terminal that is closed sends this signal, and takes no output any more. The newline after the
/// progress bar once panicked for that, and the demo ran on.
#[test]
fn the_demo_is_ended_by_a_terminal_that_is_closed() {
    let start = demo(Wasmtime::Serves, &["--messages", "1000000"]);
    let session = Session::start_without_stderr(start);
    session.wait_until(|session| sockets_of_server(session) == 1 + CLIENTS);
    session.signal(Signal::HUP, To::Group);
    let ended = session.end();
    assert_eq!(ended.status.code(), INTERRUPTED, "{ended:?}");
}

/// The bench had no such watch: `kill -INT` left what it had started.
#[test]
fn the_bench_is_ended_while_cargo_builds_its_peers() {
    let arguments = ["--peer", "wasio-native"];
    is_ended(
        || bench(Cargo::Hangs, &arguments),
        |session| session.has(stand_ins::HANGING),
    );
}

#[test]
fn the_bench_is_ended_while_a_native_server_is_measured() {
    let arguments = ["--peer", "wasio-native", "--scenario", "ping_pong"];
    is_ended(
        || bench(Cargo::BuildsServer, &arguments),
        |session| sockets_of_server(session) > 1,
    );
}

#[test]
fn the_bench_is_ended_while_a_native_program_measures() {
    let arguments = ["--peer", "wasio-native", "--scenario", "million_timers"];
    is_ended(
        || bench(Cargo::BuildsWhatHangs, &arguments),
        |session| session.has(stand_ins::HANGING),
    );
}

/// A size that no scenario has was once refused after minutes of builds. Cargo hangs here.
#[test]
fn the_bench_answers_before_it_builds() {
    let no_checkout = env!("CARGO_TARGET_TMPDIR");
    for (arguments, code, part) in [
        (&["--list"][..], 0, "ping_pong"),
        (&["--redraw", no_checkout], 1, "results.csv"),
        (&["--size", "7"], 1, "no chosen scenario has the size 7"),
        (&["--size", "some"], 2, "invalid value 'some'"),
        (&["--scenario", "none"], 1, "no scenario is called \"none\""),
        (&["--peer", "none"], 1, "no peer is called \"none\""),
        (&["--before", no_checkout], 1, "is no checkout"),
        // It is about guests.
        (
            &["--scenario", "size", "--peer", "wasio-native"],
            1,
            "nothing to measure",
        ),
    ] {
        let ended = Session::start(bench(Cargo::Hangs, arguments)).end();
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}: {ended:?}");
        let said = ended.stdout.clone() + &ended.stderr;
        assert!(said.contains(part), "{arguments:?}: {ended:?}");
    }
}

/// What `cargo xtask bench` asks a bench without a host before it builds the one with it.
#[test]
fn a_bench_that_only_checks_says_that_there_is_something_to_measure() {
    let session = Session::start(bench(Cargo::Hangs, &["--check", "--peer", "wasio-p2"]));
    let ended = session.end();
    assert_eq!(ended.status.code(), Some(10), "{ended:?}");
    assert_eq!(ended.stdout + &ended.stderr, "");
}
