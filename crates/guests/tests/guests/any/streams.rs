//! Standard streams, and what a program without sockets is told about them.

use std::io::Write;
use std::path::PathBuf;

use wasio_host::Stdin;

use crate::harness::{Case, Host};

pub(crate) fn any_stdout(case: &Case) {
    let outcome = case.start().succeeds();
    assert_eq!(outcome.stdout_text(), "hello\ngood bye\n");
}

pub(crate) fn any_stderr(case: &Case) {
    let outcome = case.start().succeeds();
    assert_eq!(outcome.stderr_text(), "an error\nanother\n");
    assert_eq!(outcome.stdout_text(), "no error\n");
}

/// Each part is sent when the one before has come back: nothing is kept back, whether
/// the guest reads three bytes at a time or has room for all.
pub(crate) fn any_stdin(case: &Case) {
    for buffer_len in ["4096", "3"] {
        let mut guest = case.setup().arg(buffer_len).stdin(Stdin::Pipe).start();
        let mut stdin = guest.take_stdin().unwrap();
        stdin.write_all(b"one\n").unwrap();
        guest.expect_stdout("one\n");
        // Silence: the timer beside it goes on.
        std::thread::sleep(std::time::Duration::from_millis(100));
        stdin.write_all(b"a longer line\nand another\n").unwrap();
        guest.expect_stdout("one\na longer line\nand another\n");
        drop(stdin);
        guest.expect_stdout("one\na longer line\nand another\nend\n");
        let outcome = guest.succeeds();
        let stderr = outcome.stderr_text();
        let ticks = stderr.trim_end().strip_suffix(" ticks");
        let ticks: u32 = ticks.unwrap_or("").parse().unwrap();
        assert!(ticks >= 2, "the input held the timer up: {ticks} ticks");
    }
    // The end alone.
    let guest = case.setup().stdin(Stdin::Null).start();
    assert_eq!(guest.succeeds().stdout_text(), "end\n");
    // All at once, more than fits into a pipe or a buffer.
    let lines = "a line of some bytes\n".repeat(20_000);
    let stdin = Stdin::Bytes(lines.clone().into_bytes());
    let outcome = case.setup().stdin(stdin).start().succeeds();
    assert_eq!(outcome.stdout_text(), format!("{lines}end\n"));
    // A file; the other hosts get theirs in the tests of wasio-host.
    if matches!(case.host(), Host::Node | Host::Native) {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let path = folder.join(format!("any_stdin-{}", case.host().name()));
        std::fs::write(&path, &lines).unwrap();
        let outcome = case.setup().stdin_file(path).start().succeeds();
        assert_eq!(outcome.stdout_text(), format!("{lines}end\n"));
    }
}

/// What is left of a file for the next program is in the tests of wasio-host.
pub(crate) fn any_first_line(case: &Case) {
    let stdin = Stdin::Bytes(b"one\ntwo\n".to_vec());
    let outcome = case.setup().stdin(stdin).start().succeeds();
    assert_eq!(outcome.stdout_text(), "one\n");
}

pub(crate) fn any_task_stdin(case: &Case) {
    let mut guest = case.setup().stdin(Stdin::Pipe).start();
    let mut stdin = guest.take_stdin().unwrap();
    stdin.write_all(b"one\n").unwrap();
    guest.expect_stdout("one\n");
    // The guest's timer goes on.
    std::thread::sleep(std::time::Duration::from_millis(500));
    stdin.write_all(b"two\n").unwrap();
    guest.expect_stdout("one\ntwo\n");
    drop(stdin);
    guest.expect_stdout("one\ntwo\nend\n");
    let outcome = guest.succeeds();
    let stderr = outcome.stderr_text();
    let ticks = stderr.trim_end().strip_suffix(" ticks");
    let ticks: u32 = ticks.unwrap_or("").parse().unwrap();
    assert!(ticks >= 2, "the input held the timer up: {ticks} ticks");
}

pub(crate) fn any_stdin_unread(case: &Case) {
    let mut guest = case.setup().stdin(Stdin::Pipe).start();
    let mut stdin = guest.take_stdin().unwrap();
    stdin.write_all(b"0123456789\n").unwrap();
    guest.expect_stdout("read\n");
    stdin.write_all(b"another\n").unwrap();
    guest.succeeds();
}

pub(crate) fn any_flush(case: &Case) {
    let outcome = case.setup().slow_output().start().succeeds();
    let text: String = (0..10_000).map(|number| format!("{number:05}\n")).collect();
    assert_eq!(outcome.stdout_text(), text);
}

pub(crate) fn any_both_streams(case: &Case) {
    let mut guest = case.setup().stdin(Stdin::Pipe).start();
    let mut stdin = guest.take_stdin().unwrap();
    guest.expect_stdout("ready\n");
    stdin.write_all(b"go\n").unwrap();
    assert_eq!(guest.succeeds().stdout_text(), "ready\ndone\n");
}

pub(crate) fn any_polls_see_input(case: &Case) {
    let mut guest = case.setup().stdin(Stdin::Pipe).start();
    let mut stdin = guest.take_stdin().unwrap();
    for said in [
        "round 0\n",
        "round 0\nround 1\n",
        "round 0\nround 1\nround 2\n",
    ] {
        guest.expect_stdout(said);
        stdin.write_all(b"line\n").unwrap();
    }
    guest.succeeds();
}

pub(crate) fn any_unsupported(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn any_not_preopened(case: &Case) {
    case.start().succeeds();
}
