//! The quirks of `poll_oneoff` on Node.js, checked by raw calls. wasio works around each of them.
//! If one of these checks fails, Node.js has probably fixed the quirk.

use std::io::Read;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use wasio_guests::oneoff::{Answer, Question, ask};

const STDIN: i32 = 0;
const STDOUT: i32 = 1;
/// The directory that the test passes in.
const DIRECTORY: i32 = 3;

const INVAL: u16 = 28;
const PERM: u16 = 63;
const NOTCAPABLE: u16 = 76;

const READ: Question = Question::Read(STDIN);
const WRITE: Question = Question::Write(STDOUT);

const fn clock(ms: u64) -> Question {
    Question::Clock(Duration::from_millis(ms))
}

/// The reported events, without those of clocks.
fn found(questions: &[Question]) -> Vec<Answer> {
    let mut answers = ask(questions).expect("poll_oneoff");
    answers.retain(|answer| !matches!(answer.of, Question::Clock(_)));
    answers
}

fn main() {
    assert_eq!(ask(&[]).expect_err("nothing to wait for"), INVAL);
    // The test sent a byte before it started this program.
    shorter_than_a_millisecond_sees_no_source();
    one_direction_of_a_descriptor_is_looked_at();
    let mut byte = [0; 1];
    std::io::stdin().read_exact(&mut byte).expect("the byte");
    a_wait_goes_on_until_all_are_ready();
    files_and_directories_fail_the_call();
    println!("done");
}

fn shorter_than_a_millisecond_sees_no_source() {
    let soon = Question::Clock(Duration::from_nanos(1));
    for _ in 0..20 {
        assert_eq!(found(&[soon, READ]), []);
    }
    assert_eq!(found(&[clock(20), READ]).len(), 1);
}

fn one_direction_of_a_descriptor_is_looked_at() {
    let write = Question::Write(STDIN);
    let of_read: Vec<_> = found(&[clock(20), READ, write]);
    assert_eq!(of_read.len(), 1);
    assert_eq!(of_read[0].of, READ);
    assert_eq!(
        found(&[clock(20), write, READ]),
        [],
        "readable all the time"
    );
}

/// Standard output is writable at once, and standard input has no data.
fn a_wait_goes_on_until_all_are_ready() {
    let start = Instant::now();
    let found = found(&[clock(100), READ, WRITE]);
    let elapsed = start.elapsed();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].of, WRITE);
    // Its timers count whole milliseconds, and the first of them has already begun.
    assert!(elapsed >= Duration::from_millis(98), "{elapsed:?}");
    assert!(elapsed < Duration::from_secs(10), "{elapsed:?}");
}

fn files_and_directories_fail_the_call() {
    let file = std::fs::File::open("/given/file").expect("open");
    let file = Question::Read(file.as_raw_fd());
    assert_eq!(ask(&[clock(1), file]).expect_err("a file"), PERM);
    let directory = Question::Read(DIRECTORY);
    assert_eq!(
        ask(&[clock(1), directory]).expect_err("no right"),
        NOTCAPABLE
    );
}
