//! `chaos` notices what it is for: each test runs a server that has a fault on purpose.

#![cfg(target_os = "linux")]

use std::process::{Command, Output};

/// How late a fault may be noticed, in seconds of the run.
const LIMIT: f64 = 60.0;

fn chaos(arguments: &[&str]) -> (Output, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chaos"));
    let output = command.args(arguments).output().expect("start");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, stdout + &stderr)
}

/// Runs a server with that fault until `chaos` has noticed it by one of these texts.
#[track_caller]
fn is_noticed(bug: &str, wasi: &str, texts: &[&str]) {
    let (output, text) = chaos(&[
        "--bug",
        bug,
        "--wasi",
        wasi,
        "--seconds",
        "60",
        "--seed",
        "1",
    ]);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let violations = text.lines().filter(|line| line.starts_with("VIOLATION"));
    let noticed = violations.filter(|line| texts.iter().any(|text| line.contains(text)));
    let at = |line: &str| {
        line.split(" at ")
            .nth(1)?
            .split(' ')
            .next()?
            .parse::<f64>()
            .ok()
    };
    let first = noticed.filter_map(at).next();
    assert!(first.is_some_and(|at| at < LIMIT), "{text}");
}

#[test]
fn a_lost_byte_is_noticed() {
    is_noticed("lost-byte", "native", &["a byte is lost"]);
}

// The listener is not read until it would block, so that nothing arms it.
#[test]
fn a_missed_rearm_is_noticed() {
    is_noticed(
        "missed-rearm",
        "0.1",
        &["a probe has no answer", "has not moved"],
    );
}

// The server forgets each connection that is over, with its descriptor.
#[test]
fn a_leak_is_noticed() {
    is_noticed("leak", "native", &["they leak"]);
}

#[test]
fn a_leak_of_pollables_is_noticed() {
    is_noticed("leak", "0.2", &["they leak"]);
}

#[test]
fn a_leak_of_streams_is_noticed() {
    is_noticed("leak", "0.3", &["they leak"]);
}

// The server wakes itself before each poll.
#[test]
fn a_spin_is_noticed() {
    is_noticed("spin", "0.1", &["while nothing moves: it spins"]);
}

#[test]
fn a_spin_of_completions_is_noticed() {
    is_noticed("spin", "0.3", &["while nothing moves: it spins"]);
}

#[test]
fn bad_input_is_refused() {
    for (arguments, reason) in [
        (["--wasi", "0.9"], "invalid value '0.9' for '--wasi <V>'"),
        (["--seconds", "0"], "invalid value '0' for '--seconds <N>'"),
        (["--seed", "one"], "invalid value 'one' for '--seed <S>'"),
        (["--bug", "none"], "invalid value 'none' for '--bug <B>'"),
        (
            ["--host", "wasmtime"],
            "--host only runs guests of WASI 0.2 or 0.3",
        ),
    ] {
        let (output, text) = chaos(&arguments);
        assert!(!output.status.success(), "{text}");
        assert!(text.contains(reason), "{text}");
    }
}

#[test]
fn a_host_that_is_not_there_is_an_error() {
    let (output, text) = chaos(&["--wasi", "0.2", "--host", "/no-such-host", "--seconds", "5"]);
    assert!(!output.status.success(), "{text}");
    assert!(text.contains("cannot start /no-such-host"), "{text}");
}
