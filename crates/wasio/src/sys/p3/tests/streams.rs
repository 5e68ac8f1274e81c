//! Streams in every state: what comes, what ends, and what is dropped meanwhile.

use std::io::ErrorKind;
use std::time::Duration;

use super::super::bindings::{Called, monotonic_clock};
use super::super::foreign::Foreign;
use super::super::operations;
use super::super::selector::Selector;
use super::super::signals;
use super::host::MS;
use super::rig::{Source, Turn, host, selector};
use super::rules::{ALL, LATE, PLAIN, Rules, WASMTIME};
use crate::io_outcome::IoOutcome;
use crate::portable::Direction;
use crate::portable::tests::said::{self, readable};
use crate::{Events, Interest, Mode, Token};

const READ: Interest = Interest::READABLE;

fn select(selector: &Selector, timeout_ms: u64) -> Vec<said::Said> {
    let mut events = Events::with_capacity(64);
    let timeout = Some(Duration::from_millis(timeout_ms));
    said::select(selector, &mut events, timeout).unwrap()
}

/// Bytes and the end in one event: the bytes are read, then the end is, and nothing is read again.
#[test]
fn the_bytes_before_an_end_are_read_and_a_reset_is_told_once() {
    for rules in ALL {
        for by_reset in [false, true] {
            let _turn = Turn::new(rules);
            let selector = selector();
            let mut source = Source::open(1);
            source.register(&selector, READ, Mode::Edge);
            source.send(700);
            source.end(by_reset);
            assert_eq!(select(&selector, 10), readable(&[1]));
            let mut read = 0;
            let last = loop {
                match source.read(100) {
                    Ok(0) => break None,
                    Ok(count) => read += count,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        operations::progress();
                        host().check();
                    }
                    Err(error) => break Some(error.kind()),
                }
            };
            assert_eq!(read, 700, "{}", rules.name);
            assert_eq!(last, by_reset.then_some(ErrorKind::ConnectionReset));
            assert_eq!(source.read(100).unwrap(), 0, "the end stays");
        }
    }
}

/// A handle is used again at once: the events of the old one must not reach the new one.
#[test]
fn what_takes_the_handle_of_a_source_has_no_event_of_it() {
    for rules in ALL {
        let _turn = Turn::new(rules);
        let selector = selector();
        for _ in 0..3 {
            let old = Source::open(1);
            let key = old.register(&selector, READ, Mode::Edge);
            old.send(5);
            // The host has the event, and the program has not.
            host().yielded();
            selector.deregister(key).unwrap();
            drop(old);
            let new = Source::open(2);
            let key = new.register(&selector, READ, Mode::Edge);
            assert_eq!(select(&selector, 5), [], "{}", rules.name);
            selector.deregister(key).unwrap();
        }
    }
}

/// Bytes that a read in flight was given before it was cancelled would be lost: so none is cancelled
/// but for a source that goes.
#[test]
fn a_source_that_is_registered_again_and_again_loses_nothing() {
    for rules in ALL {
        let _turn = Turn::new(rules);
        let selector = selector();
        let mut source = Source::open(1);
        let mut sent = 0;
        for number in 0..200 {
            let mode = [Mode::Edge, Mode::Level, Mode::Oneshot][number % 3];
            let key = source.register(&selector, READ, mode);
            let bytes = number as u64 % 7;
            source.send(bytes);
            sent += bytes;
            if number % 2 == 0 {
                select(&selector, 1);
            }
            while source.read(3).is_ok() {}
            selector.deregister(key).unwrap();
        }
        assert_eq!(source.read, sent, "{}", rules.name);
    }
}

/// An idle source keeps a small buffer, whatever it has brought before, and also where a read has just
/// filled one and nothing follows.
#[test]
fn what_is_idle_keeps_a_small_buffer() {
    const LARGE: u64 = 200_000;
    for rules in ALL {
        let _turn = Turn::new(rules);
        let selector = selector();
        let mut sources: Vec<Source> = (1..=8).map(Source::open).collect();
        for source in &mut sources {
            source.register(&selector, READ, Mode::Edge);
            for bytes in [LARGE, 1, 128, 128 + 1000, 256, LARGE] {
                source.send(bytes);
                let end = source.read + bytes;
                while source.read < end {
                    if source.read(64 * 1024).is_err() {
                        operations::progress();
                    }
                }
                let error = source.read(64 * 1024).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::WouldBlock, "{}", rules.name);
                assert_eq!(
                    source.streams.part().receiver.kept_bytes(),
                    0,
                    "{}",
                    rules.name
                );
            }
        }
        assert_eq!(host().in_flight(), sources.len(), "{}", rules.name);
        let kept = host().bytes_to_read_into() / sources.len();
        assert!((1..=128).contains(&kept), "{}: {kept}", rules.name);
    }
}

/// Most of a large message is read in few calls, although the read in flight is small.
#[test]
fn a_large_message_costs_few_reads() {
    let _turn = Turn::new(WASMTIME);
    let selector = selector();
    let mut source = Source::open(1);
    let key = source.register(&selector, READ, Mode::Edge);
    for _ in 0..10 {
        source.send(64 * 1024);
        assert_eq!(select(&selector, 5), readable(&[1]));
        let before = host().calls;
        assert_eq!(source.read(64 * 1024).unwrap(), 64 * 1024);
        assert!(source.read(1).is_err());
        let calls = host().calls - before;
        // The rest of the message, and the next read in flight.
        assert!((2..=4).contains(&calls), "{calls} calls");
        selector.after_io(key, Direction::Read, IoOutcome::Partial);
    }
}

/// The next read starts when the program waits: what has come by then is found without an event. The
/// read after such a one starts at once, so that the host gets to run.
#[test]
fn the_next_read_starts_before_the_next_wait() {
    let _turn = Turn::new(WASMTIME);
    let selector = selector();
    let mut source = Source::open(1);
    let key = source.register(&selector, READ, Mode::Edge);
    source.send(1);
    assert_eq!(select(&selector, 5), readable(&[1]));
    for is_deferred in [true, false, true, false] {
        assert_eq!(source.read(64).unwrap(), 1);
        selector.after_io(key, Direction::Read, IoOutcome::Partial);
        assert_eq!(host().bytes_to_read_into() == 0, is_deferred);
        source.send(1);
        assert_eq!(select(&selector, 5), readable(&[1]));
    }
    assert_eq!(source.read(64).unwrap(), 1);
    assert_eq!(select(&selector, 5), []);
    assert!(host().bytes_to_read_into() > 0);
}

/// A program that only reads, and never waits, keeps one note per stream.
#[test]
fn reads_without_a_wait_keep_no_memory() {
    for rules in ALL {
        let _turn = Turn::new(rules);
        let before = operations::deferred();
        let mut source = Source::open(1);
        for _ in 0..100 {
            source.send(1);
            while source.read(64).is_err() {
                operations::progress();
            }
        }
        assert_eq!(operations::deferred() - before, 1, "{}", rules.name);
        drop(source);
        operations::start_deferred();
        assert_eq!(operations::deferred(), 0);
    }
}

/// Where the host ends a read with nothing, the next read of the program tries again. The one that
/// met it does not go on trying.
#[test]
fn a_host_that_reads_nothing_hangs_no_read() {
    for ends_at_once in [false, true] {
        let rules = Rules {
            reads_nothing: true,
            ends_at_once,
            ..PLAIN
        };
        let _turn = Turn::new(rules);
        let selector = selector();
        let mut source = Source::open(1);
        let key = source.register(&selector, READ, Mode::Edge);
        for _ in 0..3 {
            let before = host().calls;
            assert_eq!(source.read(10).unwrap_err().kind(), ErrorKind::WouldBlock);
            selector.after_io(key, Direction::Read, IoOutcome::WouldBlock);
            select(&selector, 20);
            let calls = host().calls - before;
            assert!(calls < 400, "{calls} calls");
            source.send(5);
            let mut polls = 0;
            while source.read(10).is_err() {
                selector.after_io(key, Direction::Read, IoOutcome::WouldBlock);
                select(&selector, 300);
                polls += 1;
                assert!(polls < 10, "it is deaf");
            }
        }
        assert_eq!(source.read, 15);
    }
}

#[test]
fn writes_are_taken_whole_in_order_and_block_while_the_peer_takes_none() {
    for rules in ALL {
        let _turn = Turn::new(rules);
        let selector = selector();
        let mut source = Source::open(1);
        let key = source.register(&selector, Interest::WRITABLE, Mode::Edge);
        assert_eq!(select(&selector, 5).len(), 1);
        assert_eq!(source.write(100).unwrap(), 100);
        assert_eq!(source.write(1).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(source.has_unsent());
        selector
            .reregister(key, Token(1), Interest::WRITABLE, Mode::Edge)
            .unwrap();
        assert_eq!(select(&selector, 5), []);
        source.set_room(true);
        assert_eq!(select(&selector, 5).len(), 1);
        assert!(!source.has_unsent());
        assert_eq!(host().peers[&1].taken, 100);
        assert_eq!(source.write(70_000).unwrap(), 64 * 1024);
    }
}

/// A long write goes from the caller's memory, and what the host has not taken of it from a copy.
#[test]
fn a_long_write_is_taken_whole_and_once() {
    const LEN: u64 = 64 * 1024;
    for rules in ALL {
        for has_room in [true, false] {
            let _turn = Turn::new(rules);
            let mut source = Source::open(1);
            source.set_room(has_room);
            assert_eq!(source.write(LEN).unwrap() as u64, LEN, "{}", rules.name);
            source.send_all();
            assert_eq!(host().peers[&1].taken, LEN, "{}", rules.name);
        }
    }
}

/// A host may have taken all bytes of a write to standard output and flush them until the write
/// ends. A cancel would end the flush. So no write to it is cancelled, however long it is.
#[test]
fn no_write_to_standard_output_is_cancelled() {
    const LEN: u64 = 64 * 1024;
    for rules in ALL {
        let _turn = Turn::new(rules);
        let mut source = Source::open_output(1);
        let before = host().cancels;
        assert_eq!(source.write(LEN).unwrap() as u64, LEN, "{}", rules.name);
        assert!(source.has_unsent(), "{}", rules.name);
        source.send_all();
        assert_eq!(host().peers[&1].taken, LEN, "{}", rules.name);
        assert_eq!(host().cancels, before, "{}", rules.name);
    }
}

/// A peer that goes in the middle of a long write leaves nothing in flight.
#[test]
fn a_long_write_to_a_peer_that_is_gone_breaks_the_pipe() {
    for rules in ALL {
        let _turn = Turn::new(rules);
        let mut source = Source::open(1);
        source.end(true);
        let first = source.write(64 * 1024);
        operations::progress();
        let kind = |result: std::io::Result<usize>| result.unwrap_err().kind();
        assert!(first.is_ok() || kind(first) == ErrorKind::BrokenPipe);
        assert_eq!(kind(source.write(64 * 1024)), ErrorKind::BrokenPipe);
        assert!(!source.has_unsent(), "{}", rules.name);
    }
}

#[test]
fn a_flush_waits_until_the_host_has_everything() {
    for rules in ALL {
        let _turn = Turn::new(rules);
        let mut source = Source::open(1);
        assert_eq!(source.write(100).unwrap(), 100);
        assert!(source.has_unsent(), "{}", rules.name);
        source.set_room(true);
        operations::wait_while(|| source.has_unsent());
        assert_eq!(host().peers[&1].taken, 100, "{}", rules.name);
    }
}

/// A write that moved nothing is not repeated: a host could end any number of them so.
#[test]
fn a_host_that_takes_nothing_breaks_the_pipe() {
    for ends_at_once in [false, true] {
        let _turn = Turn::new(Rules {
            ends_at_once,
            takes_nothing: true,
            ..PLAIN
        });
        let mut source = Source::open(1);
        source.set_room(true);
        let first = source.write(10);
        assert_eq!(first.is_err(), ends_at_once);
        operations::progress();
        assert_eq!(source.write(10).unwrap_err().kind(), ErrorKind::BrokenPipe);
    }
}

#[test]
fn a_peer_that_resets_breaks_the_pipe() {
    for rules in ALL {
        let _turn = Turn::new(rules);
        let mut source = Source::open(1);
        assert_eq!(source.write(10).unwrap(), 10);
        source.end(true);
        operations::progress();
        assert_eq!(source.write(10).unwrap_err().kind(), ErrorKind::BrokenPipe);
    }
}

/// A clock that ends a millisecond too early is asked for later times: it costs a few calls per wait,
/// not a call per microsecond, and no wait is short.
#[test]
fn a_clock_that_is_early_costs_few_calls() {
    for rules in ALL {
        let _turn = Turn::new(rules);
        let selector = selector();
        let mut source = Source::open(1);
        source.register(&selector, READ, Mode::Edge);
        assert!(source.read(1).is_err());
        let so_far = || {
            let host = host();
            (host.calls, host.now_ns)
        };
        for round in 0..50 {
            let timeout_us = 100 + 437 * round;
            let (calls, begin_ns) = so_far();
            let timeout = Some(Duration::from_micros(timeout_us));
            let found = said::select(&selector, &mut Events::with_capacity(8), timeout).unwrap();
            assert_eq!(found, []);
            let (calls, took_ns) = (so_far().0 - calls, so_far().1 - begin_ns);
            let name = rules.name;
            assert!(calls <= 20, "{name}: {calls} calls, {timeout_us} us");
            let late_ns = took_ns.checked_sub(timeout_us * 1_000);
            let late_ns = late_ns.unwrap_or_else(|| panic!("{name}: early, {timeout_us} us"));
            assert!(late_ns < 1_200_000, "{name}: {late_ns} ns late");
        }
    }
}

/// With no timeout and no operation the host would never return.
#[test]
fn a_wait_that_nothing_can_end_is_refused() {
    let _turn = Turn::new(PLAIN);
    let selector = selector();
    let source = Source::open(1);
    source.register(&selector, READ, Mode::Edge);
    source.send(1);
    // The clock of this wait goes on.
    assert_eq!(select(&selector, 60_000), readable(&[1]));
    let before_ns = host().now_ns;
    let error = said::select(&selector, &mut Events::with_capacity(8), None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(host().now_ns < before_ns + 1_000_000, "it has waited");
    host().check();
}

/// A waitable joins the set once: each later round trip is a read, the wait with its event, the poll
/// that finds no more, and the write.
#[test]
fn a_round_trip_costs_four_calls() {
    let _turn = Turn::new(WASMTIME);
    let selector = selector();
    let mut source = Source::open(1);
    source.set_room(true);
    let key = source.register(&selector, READ, Mode::Edge);
    for round in 0..10 {
        host().after(50_000, 1, 1);
        let before = host().calls;
        let found = said::select(&selector, &mut Events::with_capacity(8), None).unwrap();
        assert_eq!(found, readable(&[1]));
        assert_eq!(source.read(64).unwrap(), 1);
        assert_eq!(source.write(1).unwrap(), 1);
        // The first read was in flight already.
        let calls = if round == 0 { 3 } else { 4 };
        assert_eq!(host().calls - before, calls);
        selector.after_io(key, Direction::Read, IoOutcome::Partial);
        source.set_room(true);
    }
}

/// A wait costs what has ended: ten thousand idle sources make no call.
#[test]
fn idle_sources_cost_a_wait_nothing() {
    let _turn = Turn::new(PLAIN);
    let selector = selector();
    let idle: Vec<Source> = (10..10_010).map(Source::open).collect();
    for source in &idle {
        source.register(&selector, READ, Mode::Edge);
    }
    assert_eq!(host().in_flight(), idle.len());
    let mut busy = Source::open(1);
    let key = busy.register(&selector, READ, Mode::Edge);
    let before = host().calls;
    for _ in 0..10 {
        busy.send(1);
        assert_eq!(select(&selector, 5), readable(&[1]));
        assert_eq!(busy.read(64).unwrap(), 1);
        selector.after_io(key, Direction::Read, IoOutcome::Partial);
    }
    let calls = host().calls - before;
    assert!(calls <= 10 * 12, "{calls} calls");
}

/// A call that starts late is in flight until it has returned: that of the clock, and one of other
/// bindings.
#[test]
fn a_call_that_starts_has_not_ended() {
    const RETURNED: u32 = 2;
    let _turn = Turn::new(Rules {
        starts_late: true,
        ..PLAIN
    });
    let selector = selector();
    let subtask = {
        let host = &mut *host();
        let at_ns = host.now() + 5_000_000;
        host.wait_until(at_ns) >> 4
    };
    let call = Foreign::new(subtask);
    let registered = selector.register_source(call.watch(), Token(1), READ, Mode::Level);
    assert_eq!(select(&selector, 1), []);
    assert_eq!(call.take_code(), None);
    assert_eq!(select(&selector, 10), readable(&[1]));
    assert_eq!(call.take_code(), Some(RETURNED));
    selector.deregister(registered.unwrap()).unwrap();
    host().drop_handle(subtask);
}

/// The host may report that a call was cancelled after it has given the call's number to a stream or
/// to another call. What is in flight under that number has not ended.
#[test]
fn a_late_event_of_a_cancelled_call_ends_nothing() {
    let _turn = Turn::new(LATE);
    let selector = selector();
    let cancelled = monotonic_clock::wait_until(u64::MAX / 2);
    assert!(matches!(cancelled, Called::Pending(_)));
    drop(cancelled);
    let mut source = Source::open(1);
    let key = source.register(&selector, READ, Mode::Edge);
    for _ in 0..2 {
        // The second wait has its clock under the number of the first, which is cancelled for it.
        let begin_ns = host().now_ns;
        assert_eq!(select(&selector, 50), []);
        assert!(host().now_ns - begin_ns >= 50 * MS, "it is early");
        source.send(5);
        assert_eq!(select(&selector, 1_000), readable(&[1]));
        assert_eq!(source.read(64).unwrap(), 5);
        selector.after_io(key, Direction::Read, IoOutcome::Partial);
    }
}

/// Of a stream that is parsed by peeks and never read to the last byte, only that byte is kept.
#[test]
fn what_was_read_is_not_kept_behind_what_was_peeked_at() {
    for rules in ALL {
        let _turn = Turn::new(rules);
        let mut source = Source::open(1);
        source.send(96);
        for _ in 0..1_000 {
            while source.peek(64).unwrap_or(0) < 64 {
                operations::progress();
            }
            assert_eq!(source.read(32).unwrap(), 32);
            source.send(32);
        }
        let kept = source.streams.part().receiver.kept_bytes();
        assert!(kept < 1_024, "{}: {kept} bytes", rules.name);
    }
}

/// A program that waits for a whole header, and peeks at half of one, sees the same bytes again.
#[test]
fn peeks_that_find_nothing_new_do_not_spin() {
    for rules in ALL {
        let _turn = Turn::new(rules);
        let selector = selector();
        let source = Source::open(1);
        let key = source.register(&selector, READ, Mode::Edge);
        source.send(1);
        let before_ns = host().now_ns;
        let mut polls = 0;
        while host().now_ns - before_ns < 1_000 * MS {
            polls += 1;
            if !select(&selector, 100).is_empty() {
                assert_eq!(source.peek(4).unwrap(), 1);
                selector.after_io(key, Direction::Read, IoOutcome::of_peek(1, 4));
            }
        }
        assert!((2..=20).contains(&polls), "{}: {polls} polls", rules.name);
        source.send(3);
        assert_eq!(select(&selector, 300), readable(&[1]), "{}", rules.name);
        assert_eq!(source.peek(4).unwrap(), 4);
    }
}

/// A stream that is closed while its last write is in flight takes no more, and does not say that
/// it may later.
#[test]
fn a_write_after_the_close_breaks_the_pipe() {
    for rules in ALL {
        let _turn = Turn::new(rules);
        let mut source = Source::open(1);
        assert_eq!(source.write(100).unwrap(), 100);
        source.streams.part().sender.close();
        assert!(source.has_unsent(), "{}", rules.name);
        assert_eq!(source.write(1).unwrap_err().kind(), ErrorKind::BrokenPipe);
        source.send_all();
        assert_eq!(host().peers[&1].taken, 100, "{}", rules.name);
        assert_eq!(source.write(1).unwrap_err().kind(), ErrorKind::BrokenPipe);
    }
}

/// What the host has taken and not passed on is lost with its reader, and a flush says so.
#[test]
fn a_flush_says_that_nobody_reads_any_more() {
    for rules in ALL {
        let _turn = Turn::new(rules);
        let mut source = Source::open(1);
        assert_eq!(source.write(100).unwrap(), 100);
        assert!(source.has_unsent(), "{}", rules.name);
        source.end(true);
        operations::wait_while(|| source.has_unsent());
        let flushed = source.streams.part().sender.try_is_busy();
        assert_eq!(flushed.unwrap_err().kind(), ErrorKind::BrokenPipe);
    }
}

/// An entry of what is gone takes no place, and a source that is registered again has one entry.
#[test]
fn what_was_registered_before_takes_no_room() {
    let _turn = Turn::new(PLAIN);
    let selector = selector();
    let gone = Source::open(1);
    gone.set_room(true);
    let key = gone.register(&selector, Interest::WRITABLE, Mode::Edge);
    selector.deregister(key).unwrap();
    drop(gone);
    let source = Source::open(2);
    let room_for_one = |timeout_ms| {
        let timeout = Some(Duration::from_millis(timeout_ms));
        said::select(&selector, &mut Events::with_capacity(1), timeout).unwrap()
    };
    source.send(1);
    operations::progress();
    for _ in 0..3 {
        let key = source.register(&selector, READ, Mode::Level);
        assert_eq!(room_for_one(0), readable(&[2]));
        selector.deregister(key).unwrap();
    }
    source.register(&selector, READ, Mode::Level);
    let mut all = Events::with_capacity(8);
    let found = said::select(&selector, &mut all, Some(Duration::ZERO)).unwrap();
    assert_eq!(found, readable(&[2]));
    assert_eq!(signals::queued(), 1, "an entry per registration is left");
}

/// After a peek that found nothing there is an event when there is something, and none before.
#[test]
fn a_peek_that_finds_nothing_is_followed_by_no_event() {
    let _turn = Turn::new(PLAIN);
    let selector = selector();
    let mut source = Source::open(1);
    let key = source.register(&selector, READ, Mode::Edge);
    source.send(124);
    assert_eq!(select(&selector, 5), readable(&[1]));
    // As much as a read in flight has room for: so there may be more.
    assert_eq!(source.read(124).unwrap(), 124);
    assert_eq!(source.peek(64).unwrap_err().kind(), ErrorKind::WouldBlock);
    selector.after_io(key, Direction::Read, IoOutcome::WouldBlock);
    assert_eq!(select(&selector, 5), []);
    source.send(1);
    assert_eq!(select(&selector, 5), readable(&[1]));
}

/// Of a host that cancels late, a cancel that has moved something ends the next read too. A read is
/// in flight again after that, and what comes next is read.
#[test]
fn a_read_that_a_late_cancel_has_ended_starts_again() {
    let _turn = Turn::new(LATE);
    let selector = selector();
    let mut source = Source::open(1);
    let key = source.register(&selector, READ, Mode::Edge);
    for _ in 0..10 {
        // It fills the read in flight: the rest is asked for by a read that is cancelled.
        source.send(124);
        assert_eq!(select(&selector, 5), readable(&[1]));
        assert_eq!(source.read(1024).unwrap(), 124);
        assert_eq!(source.read(1024).unwrap_err().kind(), ErrorKind::WouldBlock);
        selector.after_io(key, Direction::Read, IoOutcome::WouldBlock);
        assert_eq!(select(&selector, 5), []);
        assert_eq!(host().in_flight(), 1, "a read of the stream");
    }
    assert_eq!(source.read, 1240);
}

/// The same of a write: what the late cancel has not let the host take is written again.
#[test]
fn a_write_that_a_late_cancel_has_ended_goes_on() {
    const LEN: u64 = 64 * 1024;
    let _turn = Turn::new(LATE);
    let mut source = Source::open(1);
    assert_eq!(source.write(LEN).unwrap() as u64, LEN);
    operations::progress();
    assert!(source.has_unsent());
    source.send_all();
    assert_eq!(host().peers[&1].taken, LEN);
    source.set_room(true);
    assert_eq!(
        source.write(LEN).unwrap() as u64,
        LEN,
        "a pipe that is whole"
    );
}
