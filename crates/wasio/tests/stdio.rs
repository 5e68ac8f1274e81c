//! The standard streams as sources. Each test runs again in a process whose streams it chose;
//! the time of that is bounded inside.
#![cfg(unix)]

mod util;

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;

use util::child::{assert_passed, assert_passes, is_inside, shell};
use util::{LIMIT, assert_silent, assert_would_block, bounded, one_event};
use wasio::{Events, Interest, Poll, Token, stdio};

const RUN: &str = r#"exec "$0" "$@""#;

fn new_poll() -> (Poll, Events) {
    (Poll::new().unwrap(), Events::with_capacity(8))
}

#[test]
fn a_pipe_as_standard_input_is_read_when_there_is_something_and_never_blocks() {
    const TEST: &str = "a_pipe_as_standard_input_is_read_when_there_is_something_and_never_blocks";
    if is_inside() {
        return bounded(|| {
            let (mut poll, mut events) = new_poll();
            let mut stdin = stdio::stdin().unwrap();
            poll.registry()
                .register(&mut stdin, Token(0), Interest::READABLE)
                .unwrap();
            let mut buffer = [0; 64];
            // The parent writes when it is told to, and not before: nothing is there yet.
            assert_would_block(stdin.read(&mut buffer));
            assert_silent(&mut poll, &mut events);
            eprintln!("ready");
            assert!(one_event(&mut poll, &mut events).is_readable());
            assert_eq!(stdin.read(&mut buffer).unwrap(), 5);
            assert_eq!(&buffer[..5], b"hello");
            assert_would_block(stdin.read(&mut buffer));
            eprintln!("ready");
            assert!(one_event(&mut poll, &mut events).is_readable());
            assert_eq!(stdin.read(&mut buffer).unwrap(), 0);
            assert_eq!(stdin.read(&mut buffer).unwrap(), 0);
        });
    }
    let mut child = shell(TEST, RUN).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let stderr = child.stderr.take().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(stderr));
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    stdin.write_all(b"hello").unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    drop(stdin);
    assert_passed(&child.wait_with_output().unwrap());
}

#[test]
fn a_file_as_standard_input_is_always_ready() {
    const TEST: &str = "a_file_as_standard_input_is_always_ready";
    if is_inside() {
        return bounded(|| {
            let (mut poll, mut events) = new_poll();
            let mut stdin = stdio::stdin().unwrap();
            poll.registry()
                .register(&mut stdin, Token(0), Interest::READABLE)
                .unwrap();
            assert!(one_event(&mut poll, &mut events).is_readable());
            let mut len = 0;
            let mut buffer = [0; 4096];
            loop {
                match stdin.read(&mut buffer).unwrap() {
                    0 => break,
                    read => len += read as u64,
                }
            }
            let program = std::env::current_exe().unwrap();
            assert_eq!(len, program.metadata().unwrap().len());
        });
    }
    let mut command = shell(TEST, RUN);
    command.stdin(File::open(std::env::current_exe().unwrap()).unwrap());
    assert_passes(command);
}

#[test]
fn dev_null_as_standard_input_is_ready_and_at_its_end() {
    const TEST: &str = "dev_null_as_standard_input_is_ready_and_at_its_end";
    if is_inside() {
        return bounded(|| {
            let (mut poll, mut events) = new_poll();
            let mut stdin = stdio::stdin().unwrap();
            poll.registry()
                .register(&mut stdin, Token(0), Interest::READABLE)
                .unwrap();
            assert!(one_event(&mut poll, &mut events).is_readable());
            assert_eq!(stdin.read(&mut [0; 8]).unwrap(), 0);
            // The end is reported once: a program that goes on does not spin.
            assert_silent(&mut poll, &mut events);
        });
    }
    assert_passes(shell(TEST, RUN));
}

// The standard library opens `/dev/null` in place of a stream that is closed at the start.
#[test]
fn standard_streams_that_are_closed_do_not_hang() {
    const TEST: &str = "standard_streams_that_are_closed_do_not_hang";
    if is_inside() {
        return bounded(|| {
            let (mut poll, mut events) = new_poll();
            match stdio::stdin() {
                Ok(mut stdin) => {
                    poll.registry()
                        .register(&mut stdin, Token(0), Interest::READABLE)
                        .unwrap();
                    assert!(one_event(&mut poll, &mut events).is_readable());
                    assert_eq!(stdin.read(&mut [0; 8]).unwrap(), 0);
                }
                Err(error) => assert_eq!(error.raw_os_error(), Some(9)),
            }
        });
    }
    assert_passes(shell(TEST, r#"exec "$0" "$@" <&-"#));
}

#[test]
fn a_full_pipe_as_standard_output_would_block_and_is_writable_when_it_is_read() {
    const TEST: &str = "a_full_pipe_as_standard_output_would_block_and_is_writable_when_it_is_read";
    const LEN: usize = 1 << 20;
    if is_inside() {
        return bounded(|| {
            let (mut poll, mut events) = new_poll();
            let mut stdout = stdio::stdout().unwrap();
            poll.registry()
                .register(&mut stdout, Token(0), Interest::WRITABLE)
                .unwrap();
            let bytes = vec![b'#'; LEN];
            let mut written = 0;
            let mut blocked = 0;
            while written < LEN {
                match stdout.write(&bytes[written..]) {
                    Ok(more) => written += more,
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::WouldBlock);
                        if blocked == 0 {
                            eprintln!("full");
                        }
                        blocked += 1;
                        assert!(one_event(&mut poll, &mut events).is_writable());
                    }
                }
            }
            stdout.flush().unwrap();
            assert!(blocked > 0);
        });
    }
    let mut child = shell(TEST, RUN).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let stderr = child.stderr.take().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(stderr));
    // Nothing is read until the pipe is full.
    assert_eq!(lines.next().unwrap().unwrap(), "full");
    let mut said = Vec::new();
    stdout.read_to_end(&mut said).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(said.iter().filter(|byte| **byte == b'#').count(), LEN);
}

#[test]
fn the_flags_of_the_streams_stay_as_they_were() {
    const TEST: &str = "the_flags_of_the_streams_stay_as_they_were";
    if is_inside() {
        return bounded(|| {
            let (poll, _) = new_poll();
            let mut stdin = stdio::stdin().unwrap();
            poll.registry()
                .register(&mut stdin, Token(0), Interest::READABLE)
                .unwrap();
            assert_would_block(stdin.read(&mut [0; 8]));
            // A blocking read, as another program on the same terminal does it.
            let (done, is_done) = mpsc::channel();
            thread::spawn(move || {
                let read = std::io::stdin().read(&mut [0; 8]);
                let _ = done.send(read);
            });
            let early = is_done.recv_timeout(util::SILENCE);
            assert!(early.is_err(), "a blocking read returned: {early:?}");
            eprintln!("ready");
            assert_eq!(is_done.recv_timeout(LIMIT).unwrap().unwrap(), 1);
        });
    }
    let mut child = shell(TEST, RUN).stdin(Stdio::piped()).spawn().unwrap();
    let stderr = child.stderr.take().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(stderr));
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    child.stdin.take().unwrap().write_all(b"x").unwrap();
    assert_passed(&child.wait_with_output().unwrap());
}
