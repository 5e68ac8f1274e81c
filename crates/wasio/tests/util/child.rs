//! Runs one test of this program again, in a process of its own.

use std::env;
use std::process::{Command, Output, Stdio};

/// Tells the test that it is in the process of its own.
const INSIDE: &str = "WASIO_TEST_INSIDE";

pub(crate) fn is_inside() -> bool {
    env::var_os(INSIDE).is_some()
}

/// A shell that runs `script`, in which `"$0" "$@"` is the test.
pub(crate) fn shell(test: &str, script: &str) -> Command {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(script)
        .arg(env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "--test-threads=1", test])
        .env(INSIDE, "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Waits for a command and asserts that the test in it passed.
pub(crate) fn assert_passes(mut command: Command) {
    let output = command.output().unwrap();
    assert_passed(&output);
}

pub(crate) fn assert_passed(output: &Output) {
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{}\n{said}\n{complained}",
        output.status
    );
}
