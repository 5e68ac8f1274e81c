//! `chaos` notices what it is for: each test runs a server that has a fault on purpose.

#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How late a fault may be noticed, in seconds of the run.
const LIMIT: f64 = 60.0;

fn chaos(arguments: &[&str]) -> (Output, String) {
    run(env!("CARGO_BIN_EXE_chaos").as_ref(), arguments)
}

fn run(program: &Path, arguments: &[&str]) -> (Output, String) {
    let mut command = Command::new(program);
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

/// Runs `chaos` natively with a shell script in place of the client, in which CLIENT is that one.
fn with_client(name: &str, script: &str, seconds: &str) -> (Output, String) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("a folder");
    let program = folder.join("chaos");
    for (from, to) in [
        (env!("CARGO_BIN_EXE_chaos"), &program),
        (
            env!("CARGO_BIN_EXE_chaos-server"),
            &folder.join("chaos-server"),
        ),
    ] {
        fs::copy(from, to).expect("a copy");
    }
    let client = folder.join("chaos-client");
    let script = script.replace("CLIENT", env!("CARGO_BIN_EXE_chaos-client"));
    fs::write(&client, format!("#!/bin/sh\n{script}\n")).expect("a script");
    fs::set_permissions(&client, fs::Permissions::from_mode(0o755)).expect("its permissions");
    let arguments = ["--wasi", "native", "--seed", "1", "--seconds", seconds];
    let result = run(&program, &arguments);
    fs::remove_dir_all(&folder).expect("its end");
    result
}

// The run was over before this client was there, and counted as passed.
#[test]
fn a_run_starts_when_its_hosts_have() {
    let (output, text) = with_client("late-client", "sleep 5\nexec CLIENT \"$@\"", "3");
    assert!(output.status.success(), "{text}");
    let row = text.lines().find(|line| line.contains("as planned"));
    let count = row.and_then(|row| row.split_whitespace().last()?.parse().ok());
    assert!(count.is_some_and(|count: u64| count > 0), "{text}");
}

// This client does nothing, and ends when it is told to.
#[test]
fn a_run_that_tests_nothing_fails() {
    let script = "echo status connections=0\nexec cat > /dev/null";
    let (output, text) = with_client("idle-client", script, "2");
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("nothing was tested"), "{text}");
}

/// The processes that a program has started and that have not ended.
fn children(program: &Child) -> Vec<String> {
    let threads = fs::read_dir(format!("/proc/{}/task", program.id())).expect("its threads");
    let lists =
        threads.filter_map(|one| fs::read_to_string(one.ok()?.path().join("children")).ok());
    let all: Vec<_> = lists.collect();
    all.concat().split_whitespace().map(str::to_owned).collect()
}

#[test]
fn a_signal_ends_the_hosts_too() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chaos"));
    command.args(["--wasi", "native", "--seconds", "600"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut chaos = command.spawn().expect("start");
    let start = Instant::now();
    let mut hosts = Vec::new();
    while hosts.len() < 2 {
        assert!(start.elapsed() < Duration::from_secs(60), "{hosts:?}");
        thread::sleep(Duration::from_millis(20));
        hosts = children(&chaos);
    }
    // What is stopped ends as well.
    let pid = |id: i32| Pid::from_raw(id).expect("a process");
    let client = hosts[1].parse().expect("a number");
    kill_process(pid(client), Signal::STOP).expect("a stop");
    let id = i32::try_from(chaos.id()).expect("a number");
    kill_process(pid(id), Signal::TERM).expect("a signal");
    assert_eq!(chaos.wait().expect("its end").code(), Some(130));
    for host in hosts {
        assert!(!Path::new("/proc").join(&host).exists(), "{host}");
    }
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
