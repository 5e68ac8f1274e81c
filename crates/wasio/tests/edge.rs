//! Edge-triggered sources: an event, then silence until there is news.
#![cfg(feature = "net")]

mod util;

use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};

use util::{LIMIT, assert_silent, assert_would_block, bounded, connection, drain, one_event, poll};
use wasio::net::TcpStream;
use wasio::{Events, Interest, Poll, Token};

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

struct Setup {
    poll: Poll,
    events: Events,
    ours: TcpStream,
    peer: std::net::TcpStream,
}

fn setup(interest: Interest) -> Setup {
    let poll = Poll::new().unwrap();
    let (mut ours, peer) = connection();
    poll.registry()
        .register(&mut ours, Token(0), interest)
        .unwrap();
    Setup {
        poll,
        events: Events::with_capacity(8),
        ours,
        peer,
    }
}

#[test]
fn a_readable_source_is_reported_once_until_it_is_drained_and_readable_again() {
    bounded(|| {
        let mut test = setup(Interest::READABLE);
        assert_silent(&mut test.poll, &mut test.events);
        for round in 0..3 {
            test.peer.write_all(b"hello").unwrap();
            let event = one_event(&mut test.poll, &mut test.events);
            assert!(event.is_readable() && !event.is_writable(), "{round}");
            assert_silent(&mut test.poll, &mut test.events);
            assert_eq!(drain(&test.ours), b"hello");
            assert_would_block(test.ours.read(&mut [0; 8]));
            assert_silent(&mut test.poll, &mut test.events);
        }
    });
}

#[test]
fn an_operation_that_fails_does_not_silence_the_source() {
    bounded(|| {
        let mut test = setup(Interest::READABLE);
        test.peer.write_all(b"hello").unwrap();
        one_event(&mut test.poll, &mut test.events);
        for _ in 0..2 {
            let failed = || Err::<(), _>(ErrorKind::OutOfMemory.into());
            let result = test.ours.try_io_with(Interest::READABLE, failed);
            assert_eq!(result.unwrap_err().kind(), ErrorKind::OutOfMemory);
            assert!(one_event(&mut test.poll, &mut test.events).is_readable());
        }
        assert_eq!(drain(&test.ours), b"hello");
        assert_silent(&mut test.poll, &mut test.events);
    });
}

// mio on WASI reports it forever, and a runtime above it takes a whole core.
#[test]
fn an_idle_connection_is_writable_once_and_then_silent() {
    bounded(|| {
        let mut test = setup(BOTH);
        let event = one_event(&mut test.poll, &mut test.events);
        assert!(event.is_writable() && !event.is_readable());
        assert_would_block(test.ours.read(&mut [0; 8]));
        for _ in 0..3 {
            assert_silent(&mut test.poll, &mut test.events);
        }
    });
}

#[test]
fn the_directions_of_a_source_are_one_event() {
    bounded(|| {
        let mut test = setup(BOTH);
        test.peer.write_all(b"x").unwrap();
        // The byte has arrived: what is registered now is both, at once.
        let mut byte = [0];
        while test.ours.peek(&mut byte).is_err() {}
        test.poll
            .registry()
            .reregister(&mut test.ours, Token(1), BOTH)
            .unwrap();
        let event = one_event(&mut test.poll, &mut test.events);
        assert_eq!(event.token(), Token(1));
        assert!(event.is_readable() && event.is_writable());
    });
}

#[test]
fn reregistering_reports_what_is_still_ready() {
    bounded(|| {
        let mut test = setup(Interest::READABLE);
        test.peer.write_all(b"x").unwrap();
        one_event(&mut test.poll, &mut test.events);
        assert_silent(&mut test.poll, &mut test.events);
        test.poll
            .registry()
            .reregister(&mut test.ours, Token(0), Interest::READABLE)
            .unwrap();
        assert!(one_event(&mut test.poll, &mut test.events).is_readable());
        assert_silent(&mut test.poll, &mut test.events);
    });
}

#[test]
fn a_write_that_blocked_is_reported_when_there_is_room() {
    bounded(|| {
        let mut test = setup(Interest::WRITABLE);
        one_event(&mut test.poll, &mut test.events);
        let chunk = [7; 64 * 1024];
        let mut written = 0;
        loop {
            match test.ours.write(&chunk) {
                Ok(more) => written += more,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        assert_silent(&mut test.poll, &mut test.events);
        let mut read = vec![0; written];
        test.peer.read_exact(&mut read).unwrap();
        assert!(read.iter().all(|byte| *byte == 7));
        assert!(one_event(&mut test.poll, &mut test.events).is_writable());
        assert_eq!(test.ours.write(&chunk[..1]).unwrap(), 1);
    });
}

#[test]
fn a_program_that_reads_on_without_polling_sees_what_arrives() {
    bounded(|| {
        let mut test = setup(Interest::READABLE);
        for round in 0..100_u8 {
            test.peer.write_all(&[round]).unwrap();
            let mut byte = [0; 8];
            let started = std::time::Instant::now();
            let read = loop {
                match test.ours.read(&mut byte) {
                    Ok(read) => break read,
                    Err(_) => assert!(started.elapsed() < LIMIT),
                }
            };
            assert_eq!(&byte[..read], [round]);
        }
    });
}

#[test]
fn peeked_bytes_stay_for_the_next_read_and_more_are_reported() {
    bounded(|| {
        let mut test = setup(Interest::READABLE);
        assert_would_block(test.ours.peek(&mut [0; 8]));
        test.peer.write_all(b"ab").unwrap();
        one_event(&mut test.poll, &mut test.events);
        let mut buffer = [0; 8];
        assert_eq!(test.ours.peek(&mut buffer).unwrap(), 2);
        assert_eq!(test.ours.peek(&mut buffer).unwrap(), 2);
        test.peer.write_all(b"cd").unwrap();
        let mut read = Vec::new();
        while read.len() < 4 {
            poll(&mut test.poll, &mut test.events);
            read.extend(drain(&test.ours));
        }
        assert_eq!(read, b"abcd");
        drop(test.peer);
        one_event(&mut test.poll, &mut test.events);
        assert_eq!(test.ours.peek(&mut buffer).unwrap(), 0);
    });
}

#[test]
fn vectored_reads_and_writes_move_all_buffers_in_order() {
    bounded(|| {
        let mut test = setup(Interest::READABLE);
        let parts = [
            IoSlice::new(b"one "),
            IoSlice::new(b""),
            IoSlice::new(b"two"),
        ];
        assert_eq!(test.ours.write_vectored(&parts).unwrap(), 7);
        let mut echoed = [0; 7];
        test.peer.read_exact(&mut echoed).unwrap();
        assert_eq!(&echoed, b"one two");

        test.peer.write_all(&echoed).unwrap();
        one_event(&mut test.poll, &mut test.events);
        let (mut first, mut second) = ([0; 3], [0; 8]);
        let mut parts = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
        assert_eq!(test.ours.read_vectored(&mut parts).unwrap(), 7);
        assert_eq!((&first, &second[..4]), (b"one", &b" two"[..]));
    });
}

#[cfg(unix)]
#[test]
fn an_operation_of_the_callers_own_arms_the_stream_when_it_is_blocked() {
    use std::os::fd::AsFd;

    bounded(|| {
        let mut test = setup(Interest::READABLE);
        for interest in [None, Some(Interest::READABLE)] {
            test.peer.write_all(b"x").unwrap();
            one_event(&mut test.poll, &mut test.events);
            let read = || {
                let duplicate = test.ours.as_fd().try_clone_to_owned()?;
                std::fs::File::from(duplicate).read(&mut [0; 8])
            };
            let run = |read: &dyn Fn() -> std::io::Result<usize>| match interest {
                None => test.ours.try_io(read),
                Some(interest) => test.ours.try_io_with(interest, read),
            };
            assert_eq!(run(&read).unwrap(), 1);
            assert_would_block(run(&read));
            assert_silent(&mut test.poll, &mut test.events);
        }
    });
}

#[cfg(unix)]
#[test]
fn any_descriptor_is_edge_triggered_as_an_io_source() {
    use std::os::unix::net::UnixStream;
    use wasio::IoSource;

    bounded(|| {
        let mut poll = Poll::new().unwrap();
        let mut events = Events::with_capacity(8);
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut source = IoSource::new(ours);
        poll.registry()
            .register(&mut source, Token(0), Interest::READABLE)
            .unwrap();
        for _ in 0..3 {
            theirs.write_all(b"x").unwrap();
            assert!(one_event(&mut poll, &mut events).is_readable());
            assert_silent(&mut poll, &mut events);
            let mut byte = [0; 8];
            let read = source.do_io(|mut stream| stream.read(&mut byte)).unwrap();
            assert_eq!(read, 1);
            assert_would_block(source.do_io(|mut stream| stream.read(&mut byte)));
        }
        let ours = source.into_inner();
        theirs.write_all(b"x").unwrap();
        assert_silent(&mut poll, &mut events);
        drop(ours);
    });
}
