//! The library: how guests end, and what is measured of them.

mod common;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use common::{READS, TRAPS, exits, guest, opens_output, thread_that};
use wasio_host::{Exit, Outcome, Runner, Stdin, Wasi};

const LIMIT: Duration = Duration::from_secs(30);
const BOTH: [Wasi; 2] = [Wasi::Sockets01, Wasi::Plain01];

/// Works forever.
const SPINS: &str = r#"(module (memory (export "memory") 1)
    (func (export "_start") (loop $again (br $again))))"#;

/// Runs `act` and asserts that it took from `least` to `most`.
#[track_caller]
fn timed<T>(least: Duration, most: Duration, act: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = act();
    let elapsed = start.elapsed();
    assert!(elapsed >= least, "early: {elapsed:?}");
    assert!(elapsed < most, "late: {elapsed:?}");
    result
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn exits_and_traps_are_told_apart() {
    for wasi in BOTH {
        let end = |name: &str, text: &str| -> Outcome {
            let path = guest(&format!("lib-end-{name}-{wasi:?}"), text);
            Runner::new(wasi).spawn(path).unwrap().wait(LIMIT)
        };
        assert_eq!(
            end("zero", r#"(module (func (export "_start")))"#).exit,
            Exit::Code(0)
        );
        assert_eq!(end("code", &exits(5)).exit, Exit::Code(5));
        let Exit::Trap(message) = end("trap", TRAPS).exit else {
            panic!("no trap");
        };
        assert!(message.contains("unreachable"), "{message}");
    }
}

#[test]
fn guest_that_does_not_listen_is_an_error() {
    let path = guest("lib-no-listener", &exits(5));
    let running = Runner::new(Wasi::Plain01).spawn(path).unwrap();
    let error = timed(ms(0), ms(10_000), || running.try_addr(0)).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("has ended and does not listen"), "{error}");
    // One that was given its listener has an address, however soon it ends.
    let path = guest("lib-listener", &exits(5));
    let running = Runner::new(Wasi::Sockets01).listeners(1).spawn(path);
    let running = running.unwrap();
    assert_ne!(running.try_addr(0).unwrap().port(), 0);
    assert!(running.try_addr(1).is_err());
}

#[test]
fn guest_that_spins_times_out() {
    for wasi in BOTH {
        let running = Runner::new(wasi)
            .spawn(guest(&format!("lib-spin-{wasi:?}"), SPINS))
            .unwrap();
        let outcome = timed(ms(200), ms(10_000), || running.wait(ms(200)));
        assert_eq!(outcome.exit, Exit::TimedOut);
        // It did nothing else all the time, but shares the machine.
        assert!(outcome.cpu > ms(20), "{:?}", outcome.cpu);
        assert!(outcome.cpu < ms(10_000), "{:?}", outcome.cpu);
    }
}

#[test]
fn guest_in_a_host_call_times_out() {
    for wasi in BOTH {
        let mut running = Runner::new(wasi)
            .stdin(Stdin::Pipe)
            .spawn(guest(&format!("lib-call-{wasi:?}"), READS))
            .unwrap();
        // The end that would wake the guest is kept here.
        let _stdin = running.take_stdin();
        let outcome = timed(ms(100), ms(10_000), || running.wait(ms(100)));
        assert_eq!(outcome.exit, Exit::TimedOut);
    }
}

#[test]
fn stop_ends_a_guest_that_spins_and_no_other() {
    let path = guest("lib-stop", SPINS);
    let start = || Runner::new(Wasi::Sockets01).spawn(&path).unwrap();
    let (one, other) = (start(), start());
    one.stop();
    let outcome = timed(ms(0), ms(10_000), || one.wait(LIMIT));
    assert_eq!(outcome.exit, Exit::Stopped);
    let before = other.cpu_time();
    let deadline = Instant::now() + LIMIT;
    while other.cpu_time() < before + ms(5) {
        assert!(!other.has_ended(), "the other was stopped too");
        assert!(Instant::now() < deadline, "the other does not run");
        std::thread::yield_now();
    }
}

#[test]
fn input_ends_when_its_pipe_is_dropped() {
    for wasi in BOTH {
        let mut running = Runner::new(wasi)
            .stdin(Stdin::Pipe)
            .spawn(guest(&format!("lib-pipe-{wasi:?}"), READS))
            .unwrap();
        let mut stdin = running.take_stdin().unwrap();
        stdin.write_all(&[1; 1000]).unwrap();
        assert!(!running.has_ended());
        drop(stdin);
        assert_eq!(running.wait(LIMIT).exit, Exit::Code(0));
    }
}

#[test]
fn fuel_is_exact_and_absent_when_off() {
    let path = guest("lib-fuel", &exits(0));
    for wasi in BOTH {
        let fuel = |on| {
            let running = Runner::new(wasi).fuel(on).spawn(&path).unwrap();
            running.wait(LIMIT).fuel
        };
        let first = fuel(true).unwrap();
        assert!((1..20).contains(&first), "{first}");
        assert_eq!(fuel(true), Some(first));
        assert_eq!(fuel(false), None);
    }
}

#[test]
fn guest_reads_its_own_fuel_and_cpu_time() {
    // Exits with 0 when a loop of 1000 rounds costs fuel and CPU time, with 1
    // when fuel is off.
    let path = guest(
        "lib-measures",
        r#"(module
            (import "wasio_host" "fuel" (func $fuel (result i64)))
            (import "wasio_host" "cpu_ns" (func $cpu (result i64)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1)
            (func (export "_start") (local $before i64) (local $cpu_ns i64) (local $i i32)
                (local.set $before (call $fuel))
                (local.set $cpu_ns (call $cpu))
                (if (i64.lt_s (local.get $before) (i64.const 0)) (then (call $exit (i32.const 1))))
                (loop $again
                    (local.set $i (i32.add (local.get $i) (i32.const 1)))
                    (br_if $again (i32.lt_u (local.get $i) (i32.const 1000))))
                (if (i64.le_s (call $cpu) (local.get $cpu_ns)) (then unreachable))
                (local.set $before (i64.sub (call $fuel) (local.get $before)))
                (if (i64.lt_s (local.get $before) (i64.const 1000)) (then unreachable))
                (if (i64.gt_s (local.get $before) (i64.const 20000)) (then unreachable))))"#,
    );
    for wasi in BOTH {
        let exit = |on| {
            Runner::new(wasi)
                .fuel(on)
                .spawn(&path)
                .unwrap()
                .wait(LIMIT)
                .exit
        };
        assert_eq!(exit(true), Exit::Code(0));
        assert_eq!(exit(false), Exit::Code(1));
    }
}

#[test]
fn memory_is_the_largest_it_was() {
    let path = guest(
        "lib-memory",
        r#"(module (memory (export "memory") 2)
            (func (export "_start") (drop (memory.grow (i32.const 30)))))"#,
    );
    for wasi in BOTH {
        let outcome = Runner::new(wasi).spawn(&path).unwrap().wait(LIMIT);
        assert_eq!(outcome.peak_memory_bytes, 32 * 64 * 1024);
    }
    let body = "(drop (memory.grow (i32.const 2))) (call $exit (i32.const 0))";
    let path = guest("lib-shared-memory", &thread_that(body));
    let runner = Runner::new(Wasi::Sockets01).threads(true);
    let outcome = runner.spawn(path).unwrap().wait(LIMIT);
    assert_eq!(outcome.peak_memory_bytes, 3 * 64 * 1024);
}

#[test]
fn thread_ends_the_guest_and_its_fuel_counts() {
    let path = guest("lib-thread", &thread_that("(call $exit (local.get $arg))"));
    let runner = Runner::new(Wasi::Sockets01).threads(true).fuel(true);
    let running = runner.spawn(path).unwrap();
    // The main thread sleeps forever; it is left behind after a second.
    let outcome = timed(ms(0), ms(10_000), || running.wait(LIMIT));
    assert_eq!(outcome.exit, Exit::Code(9));
    assert!(outcome.fuel.unwrap() > 0);
}

#[test]
fn guest_lets_go_of_its_port_when_it_has_ended() {
    let path = guest("lib-port", &exits(0));
    let running = Runner::new(Wasi::Sockets01)
        .listeners(2)
        .spawn(path)
        .unwrap();
    let addrs = running.addrs().to_vec();
    assert_ne!(addrs[0], addrs[1]);
    assert_eq!(running.wait(LIMIT).exit, Exit::Code(0));
    for addr in addrs {
        TcpListener::bind(addr).unwrap();
    }
}

#[test]
fn stop_ends_a_wait_for_a_listener() {
    // Waits without limit for the listener, descriptor 3, again and again.
    let path = guest(
        "lib-wait",
        r#"(module
            (import "wasi_snapshot_preview1" "poll_oneoff"
                (func $poll (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_write"
                (func $write (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 8) "\01") (data (i32.const 16) "\03")
            (data (i32.const 200) "\d0\00\00\00\06\00\00\00") (data (i32.const 208) "ready\n")
            (func (export "_start")
                (drop (call $write (i32.const 1) (i32.const 200) (i32.const 1) (i32.const 300)))
                (loop $again
                    (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))
                    (br $again))))"#,
    );
    let running = Runner::new(Wasi::Sockets01)
        .listeners(1)
        .spawn(path)
        .unwrap();
    let deadline = Instant::now() + LIMIT;
    while running.stdout_so_far() != b"ready\n" {
        assert!(Instant::now() < deadline, "it never starts to wait");
        std::thread::yield_now();
    }
    running.stop();
    let outcome = timed(ms(0), ms(10_000), || running.wait(LIMIT));
    assert_eq!(outcome.exit, Exit::Stopped);
    assert_eq!(outcome.stdout_text(), "ready\n");
}

#[test]
fn guest_that_is_dropped_is_stopped() {
    let path = guest("lib-drop", SPINS);
    let (ours, mut other) = wasio_host::peer::pair().unwrap();
    let running = Runner::new(Wasi::Sockets01)
        .stream(ours)
        .spawn(path)
        .unwrap();
    drop(running);
    // Its descriptors are closed when its thread has ended.
    assert_eq!(other.read(&mut [0]).unwrap(), 0);
}

#[test]
fn many_shared_descriptors_are_handed_in() {
    // fd_fdstat_get of the last of 70 000, and of the one after it.
    let path = guest(
        "lib-shared",
        r#"(module
            (import "wasi_snapshot_preview1" "fd_fdstat_get"
                (func $stat (param i32 i32) (result i32)))
            (memory (export "memory") 1)
            (func (export "_start")
                (if (call $stat (i32.const 70002) (i32.const 0)) (then unreachable))
                (if (i32.ne (call $stat (i32.const 70003) (i32.const 0)) (i32.const 8))
                    (then unreachable))))"#,
    );
    let runner = Runner::new(Wasi::Sockets01).shared_sockets(70_000);
    let running = runner.spawn(path).unwrap();
    assert_eq!(running.shared_peers().len(), 4);
    assert_eq!(running.wait(LIMIT).exit, Exit::Code(0));
}

#[test]
fn resources_are_counted_on_wasi_02() {
    for count in [0, 1, 7] {
        let path = guest(&format!("lib-resources-{count}"), &opens_output(count));
        let outcome = Runner::new(Wasi::Sockets02)
            .spawn(path)
            .unwrap()
            .wait(LIMIT);
        assert_eq!(outcome.exit, Exit::Code(0));
        assert_eq!(outcome.resources, Some(count));
    }
    for wasi in BOTH {
        let path = guest(&format!("lib-resources-{wasi:?}"), &exits(0));
        let outcome = Runner::new(wasi).spawn(path).unwrap().wait(LIMIT);
        assert_eq!(outcome.resources, None);
    }
}

#[test]
fn refused_option_leaves_no_listener_behind() {
    let path = guest("lib-refused", &exits(0));
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let runner = Runner::new(Wasi::Sockets01).listen(free.to_string());
    let error = runner.dir("no/such", "/").spawn(path).unwrap_err();
    assert!(format!("{error:#}").contains("no/such"), "{error:#}");
    TcpStream::connect(free).unwrap_err();
}
