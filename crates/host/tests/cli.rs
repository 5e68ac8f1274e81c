//! The program `wasio-host`: its exit codes, and what it says of bad input.

mod common;

use std::io::{self, BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{READS, TRAPS, exits, guest, opens_output, thread_that};
use wait_timeout::ChildExt;

const LIMIT: Duration = Duration::from_secs(60);

/// The options for a component.
const WASI02: [&str; 2] = ["--wasi", "0.2"];

/// A component whose function `run` has this body: 0 is success, 1 is failure.
fn component_that(body: &str) -> String {
    format!(
        r#"(component
            (core module $module (func (export "run") (result i32) {body}))
            (core instance $instance (instantiate $module))
            (func $run (result (result)) (canon lift (core func $instance "run")))
            (instance $exported (export "run" (func $run)))
            (export "wasi:cli/run@0.2.0" (instance $exported)))"#
    )
}

/// The same for WASI 0.3: the function is asynchronous there.
fn component03_that(body: &str) -> String {
    component_that(body)
        .replace("(func $run (result", "(func $run async (result")
        .replace("wasi:cli/run@0.2.0", "wasi:cli/run@0.3.0")
}

/// What the program left.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    stderr: String,
}

fn command(args: &[&str], guest: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wasio-host"));
    command.arg("run").args(args).arg(guest);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// Waits for the program, and fails the test when it hangs. Returns its exit code.
fn wait(child: &mut Child) -> Option<i32> {
    let status = child.wait_timeout(LIMIT).expect("wait");
    if status.is_none() {
        child.kill().expect("kill");
    }
    status.expect("the program hangs").code()
}

/// Waits for the program, and reads what it has said.
fn end(mut child: Child) -> Ended {
    let code = wait(&mut child);
    let mut stderr = String::new();
    let pipe = child.stderr.as_mut().expect("piped");
    pipe.read_to_string(&mut stderr).expect("read");
    Ended { code, stderr }
}

fn run(args: &[&str], guest: &Path) -> Ended {
    end(command(args, guest).spawn().expect("start"))
}

/// One line, with all of `parts`, and exit code 2.
#[track_caller]
fn refused(ended: &Ended, parts: &[&str]) {
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    assert!(ended.stderr.starts_with("wasio-host: "), "{ended:?}");
    for part in parts {
        assert!(ended.stderr.contains(part), "{part} is not in {ended:?}");
    }
}

#[test]
fn exit_code_is_the_guests() {
    for code in [0, 1, 42] {
        let ended = run(&[], &guest(&format!("cli-exit-{code}"), &exits(code)));
        assert_eq!(ended.code, Some(code));
        assert_eq!(ended.stderr, "");
    }
}

#[test]
fn exit_code_is_the_guests_on_plain_wasi() {
    let ended = run(&["--wasi", "0.1"], &guest("cli-plain", &exits(7)));
    assert_eq!(ended.code, Some(7), "{ended:?}");
}

#[test]
fn exit_code_of_a_component_is_whether_it_succeeded() {
    for code in [0, 1] {
        let text = component_that(&format!("i32.const {code}"));
        let ended = run(&WASI02, &guest(&format!("cli-component-{code}"), &text));
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert_eq!(ended.stderr, "");
    }
}

#[test]
fn trap_of_a_component_is_134_and_says_why() {
    for (name, text) in [
        ("cli-component-trap", component_that("unreachable")),
        ("cli-component03-trap", component03_that("unreachable")),
    ] {
        let ended = run(&[], &guest(name, &text));
        assert_eq!(ended.code, Some(134), "{ended:?}");
        assert!(ended.stderr.contains("unreachable"), "{ended:?}");
    }
}

#[test]
fn version_of_a_guest_is_recognised() {
    let succeeds = |name: &str, text: &str| run(&[], &guest(name, text)).code == Some(0);
    for (name, text) in [
        ("cli-module", exits(0)),
        ("cli-threads", thread_that("(call $exit (i32.const 0))")),
        ("cli-02", component_that("i32.const 0")),
        ("cli-03", component03_that("i32.const 0")),
    ] {
        assert!(succeeds(name, &text), "{name}");
    }
    // It is the function of 0.3 that runs: that of 0.2 fails.
    let both = component_that("i32.const 1").replace(
        r#"(instance $exported (export "run" (func $run)))"#,
        r#"(core module $later (func (export "run") (result i32) i32.const 0))
            (core instance $later (instantiate $later))
            (func $run3 async (result (result)) (canon lift (core func $later "run")))
            (instance $exported3 (export "run" (func $run3)))
            (export "wasi:cli/run@0.3.0" (instance $exported3))
            (instance $exported (export "run" (func $run)))"#,
    );
    assert!(succeeds("cli-both", &both));
}

#[test]
fn trap_is_134_and_says_where() {
    for wasi in ["0.1", "0.1-sockets"] {
        let ended = run(
            &["--wasi", wasi],
            &guest(&format!("cli-trap-{wasi}"), TRAPS),
        );
        assert_eq!(ended.code, Some(134));
        assert!(ended.stderr.contains("unreachable"), "{ended:?}");
        assert!(ended.stderr.contains("inner"), "{ended:?}");
    }
}

#[test]
fn thread_ends_the_program() {
    let exit = guest(
        "cli-thread-exit",
        &thread_that("(call $exit (local.get $arg))"),
    );
    let trap = guest("cli-thread-trap", &thread_that("unreachable"));
    for options in [&[][..], &["--threads"]] {
        assert_eq!(run(options, &exit).code, Some(9));
        assert_eq!(run(options, &trap).code, Some(134));
    }
}

#[test]
fn fuel_is_told() {
    let ended = run(&["--fuel"], &guest("cli-fuel", &exits(3)));
    assert_eq!(ended.code, Some(3));
    let fuel = ended.stderr.strip_prefix("wasio-host: ").unwrap();
    let fuel = fuel.strip_suffix(" units of fuel\n").unwrap();
    let fuel: u64 = fuel.parse().unwrap();
    assert!((1..20).contains(&fuel), "{fuel}");
}

/// A line that nobody reads is an error of the write. It ended the program with 101, and the guest
/// with it.
#[test]
fn exit_code_is_the_same_if_nobody_reads_stderr() {
    let code = |options: &[&str], guest: &Path| {
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        let mut command = command(options, guest);
        wait(&mut command.stderr(writer).spawn().expect("start"))
    };
    let exits = guest("cli-unread-exit", &exits(3));
    assert_eq!(code(&["--fuel"], &exits), Some(3));
    assert_eq!(code(&["--listen", "127.0.0.1:0"], &exits), Some(3));
    assert_eq!(code(&[], &guest("cli-unread-trap", TRAPS)), Some(134));
    assert_eq!(code(&[], Path::new("no/such/guest.wasm")), Some(2));
}

#[test]
fn listener_on_port_0_is_told_and_accepts() {
    let guest = guest("cli-listen", READS);
    let mut command = command(
        &["--listen", "127.0.0.1:0", "--listen", "localhost:0"],
        &guest,
    );
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    for _ in 0..2 {
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let addr = line.strip_prefix("wasio-host: listening on ").unwrap();
        TcpStream::connect(addr.trim_end()).unwrap();
    }
    child.stderr = Some(stderr.into_inner());
    drop(child.stdin.take());
    assert_eq!(end(child).code, Some(0));
}

#[test]
fn backtraces_are_off_whatever_the_environment_says() {
    // 192 000 subscriptions, each several µs slower with backtraces: a second.
    let guest = guest(
        "cli-backtrace",
        r#"(module
            (import "wasi_snapshot_preview1" "poll_oneoff"
                (func $poll (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (func (export "_start") (local $at i32) (local $rounds i32)
                ;; The first is a clock that has run down, 64 wait for a listener.
                (i32.store (i32.const 16) (i32.const 1))
                (loop $next
                    (local.set $at (i32.add (local.get $at) (i32.const 48)))
                    (i32.store8 offset=8 (local.get $at) (i32.const 1))
                    (i32.store offset=16 (local.get $at) (i32.const 3))
                    (br_if $next (i32.lt_u (local.get $at) (i32.const 3072))))
                (loop $again
                    (if (call $poll (i32.const 0) (i32.const 8192) (i32.const 65) (i32.const 8000))
                        (then unreachable))
                    (local.set $rounds (i32.add (local.get $rounds) (i32.const 1)))
                    (br_if $again (i32.lt_u (local.get $rounds) (i32.const 3000))))))"#,
    );
    let time = |backtrace| {
        let mut command = command(&["--listen", "127.0.0.1:0"], &guest);
        command.env_remove("RUST_LIB_BACKTRACE");
        let start = Instant::now();
        let child = command.env("RUST_BACKTRACE", backtrace).spawn().unwrap();
        assert_eq!(end(child).code, Some(0));
        start.elapsed()
    };
    // The shortest of three: the machine may be busy.
    let shortest = |backtrace| (0..3).map(|_| time(backtrace)).min().unwrap();
    let (without, with) = (shortest("0"), shortest("1"));
    let most = without * 3 + Duration::from_millis(200);
    assert!(with < most, "{with:?} instead of {without:?}");
}

#[test]
fn missing_guest_is_refused() {
    let ended = run(&[], Path::new("no/such/guest.wasm"));
    refused(&ended, &["no/such/guest.wasm", "No such file"]);
}

#[test]
fn folder_as_guest_is_refused() {
    refused(&run(&[], Path::new("/")), &["directory"]);
}

#[test]
fn what_is_not_wasm_is_refused() {
    refused(
        &run(&[], Path::new(file!().rsplit_once("host/").unwrap().1)),
        &["is not WebAssembly"],
    );
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("empty.wasm");
    std::fs::write(&path, "").unwrap();
    refused(&run(&[], &path), &["is not WebAssembly"]);
}

#[test]
fn broken_module_is_refused() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("broken.wasm");
    std::fs::write(&path, b"\0asm\x01\0\0\0\xff").unwrap();
    refused(&run(&[], &path), &["is not a valid WebAssembly module"]);
}

#[test]
fn component_is_refused_where_a_module_is_wanted() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("component.wasm");
    std::fs::write(&path, b"\0asm\x0d\0\x01\0").unwrap();
    for wasi in ["0.1", "0.1-sockets"] {
        let ended = run(&["--wasi", wasi], &path);
        refused(&ended, &["is a component", "wasm32-wasip1"]);
    }
}

#[test]
fn module_is_refused_where_a_component_is_wanted() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("module.wasm");
    std::fs::write(&path, b"\0asm\x01\0\0\0").unwrap();
    for wasi in ["0.2", "0.3"] {
        let ended = run(&["--wasi", wasi], &path);
        refused(&ended, &["is a module", wasi, "wasm32-wasip2"]);
    }
}

#[test]
fn component_of_another_version_is_refused() {
    let of_02 = guest("cli-is-02", &component_that("i32.const 0"));
    let ended = run(&["--wasi", "0.3"], &of_02);
    refused(&ended, &["wasi:cli/run@0.3.0", "leave out --wasi 0.3"]);
    let of_03 = guest("cli-is-03", &component03_that("i32.const 0"));
    let ended = run(&["--wasi", "0.2"], &of_03);
    refused(&ended, &["of WASI 0.3", "leave out --wasi 0.2"]);
}

#[test]
fn broken_component_is_refused() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("broken-component.wasm");
    std::fs::write(&path, b"\0asm\x0d\0\x01\0\xff").unwrap();
    let ended = run(&WASI02, &path);
    refused(&ended, &["is not a valid WebAssembly component"]);
}

#[test]
fn component_that_is_no_program_is_refused() {
    let ended = run(&WASI02, &guest("cli-component-library", "(component)"));
    refused(&ended, &["wasi:cli/run"]);
}

#[test]
fn unknown_import_of_a_component_is_refused() {
    let text = r#"(component (import "sky:hook/above" (instance (export "fall" (func)))))"#;
    let ended = run(&WASI02, &guest("cli-component-import", text));
    refused(&ended, &["sky:hook/above"]);
}

#[test]
fn what_components_do_not_have_is_refused() {
    let of_02 = guest("cli-02-options", &component_that("i32.const 0"));
    let of_03 = guest("cli-03-options", &component03_that("i32.const 0"));
    for (options, named) in [
        (&["--threads"][..], "--threads"),
        (&["--listen", "127.0.0.1:0"], "--listen"),
    ] {
        for (wasi, guest) in [("WASI 0.2", &of_02), ("WASI 0.3", &of_03)] {
            refused(&run(options, guest), &[named, wasi, "0.1-sockets"]);
        }
    }
}

#[test]
fn most_handles_are_an_option_and_one_more_is_told_in_a_sentence() {
    let opens = opens_output(3);
    let of_03 = opens
        .replace("(func $run (result", "(func $run async (result")
        .replace("wasi:cli/run@0.2.0", "wasi:cli/run@0.3.0");
    for (name, text) in [("cli-handles-02", &opens), ("cli-handles-03", &of_03)] {
        let guest = guest(name, text);
        assert_eq!(run(&[], &guest).code, Some(0));
        // A call may need another one for a moment.
        assert_eq!(run(&["--max-handles", "8"], &guest).code, Some(0));
        let ended = run(&["--max-handles", "2"], &guest);
        assert_eq!(ended.code, Some(134), "{ended:?}");
        assert_eq!(
            ended.stderr,
            "wasio-host: the guest trapped: it has as many handles as the host allows: raise \
             --max-handles\n"
        );
    }
}

#[test]
fn bad_guests_are_refused_on_every_version() {
    for wasi in ["0.1", "0.1-sockets", "0.2", "0.3"] {
        let refused = |path: &str, part: &str| {
            refused(&run(&["--wasi", wasi], Path::new(path)), &[part]);
        };
        refused("no/such/guest.wasm", "No such file");
        refused("/", "directory");
        refused(env!("CARGO_BIN_EXE_wasio-host"), "is not WebAssembly");
    }
}

#[test]
fn unknown_version_is_refused() {
    for version in ["0.4", "", "p1"] {
        let ended = run(&["--wasi", version], &guest("cli-version", &exits(0)));
        assert_eq!(ended.code, Some(2), "{ended:?}");
        for known in ["0.1-sockets", "0.1", "0.2", "0.3"] {
            assert!(ended.stderr.contains(known), "{ended:?}");
        }
    }
}

#[test]
fn library_is_refused() {
    let guest = guest("cli-library", r#"(module (func (export "other")))"#);
    refused(&run(&[], &guest), &["_start", "library"]);
}

#[test]
fn unknown_import_is_refused() {
    let guest = guest(
        "cli-import",
        r#"(module (import "sky" "hook" (func)) (func (export "_start")))"#,
    );
    for wasi in ["0.1", "0.1-sockets"] {
        refused(&run(&["--wasi", wasi], &guest), &["`hook`", "`sky`"]);
    }
}

#[test]
fn import_of_another_shape_is_refused() {
    let guest = guest(
        "cli-shape",
        r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func (param f64)))
            (func (export "_start")))"#,
    );
    refused(&run(&[], &guest), &["does not fit this host"]);
}

#[test]
fn guest_with_threads_is_refused_on_plain_wasi() {
    let guest = guest("cli-needs-threads", &thread_that(""));
    refused(
        &run(&["--wasi", "0.1"], &guest),
        &["needs threads", "0.1-sockets"],
    );
}

#[test]
fn threads_on_plain_wasi_are_refused() {
    let guest = guest("cli-plain-threads", &exits(0));
    refused(
        &run(&["--threads", "--wasi", "0.1"], &guest),
        &["--threads", "0.1-sockets"],
    );
}

#[test]
fn listener_on_plain_wasi_is_refused() {
    let guest = guest("cli-plain-listen", &exits(0));
    let ended = run(&["--wasi", "0.1", "--listen", "127.0.0.1:0"], &guest);
    refused(&ended, &["--listen", "0.1-sockets"]);
}

/// A component that fails if it may not look up names: even an address is one.
const LOOKS_UP: &str = r#"(component
    (import "wasi:sockets/network@0.2.0" (instance $network
        (export "network" (type (sub resource)))
        (type $code (enum "unknown" "access-denied" "not-supported" "invalid-argument"
            "out-of-memory" "timeout" "concurrency-conflict" "not-in-progress" "would-block"
            "invalid-state" "new-socket-limit" "address-not-bindable" "address-in-use"
            "remote-unreachable" "connection-refused" "connection-reset" "connection-aborted"
            "datagram-too-large" "name-unresolvable" "temporary-resolver-failure"
            "permanent-resolver-failure"))
        (export "error-code" (type (eq $code)))))
    (alias export $network "network" (type $net))
    (alias export $network "error-code" (type $error))
    (import "wasi:sockets/instance-network@0.2.0" (instance $own
        (alias outer 1 $net (type $outer))
        (export "network" (type $n (eq $outer)))
        (export "instance-network" (func (result (own $n))))))
    (import "wasi:sockets/ip-name-lookup@0.2.0" (instance $lookup
        (alias outer 1 $net (type $outer))
        (export "network" (type $n (eq $outer)))
        (alias outer 1 $error (type $outer-error))
        (export "error-code" (type $e (eq $outer-error)))
        (export "resolve-address-stream" (type $stream (sub resource)))
        (export "resolve-addresses" (func (param "network" (borrow $n)) (param "name" string)
            (result (result (own $stream) (error $e)))))))
    (core module $memory (memory (export "memory") 1) (data (i32.const 16) "127.0.0.1"))
    (core instance $memory (instantiate $memory))
    (core func $get (canon lower (func $own "instance-network")))
    (core func $resolve (canon lower (func $lookup "resolve-addresses")
        (memory (core memory $memory "memory"))))
    (core module $module
        (import "host" "get" (func $get (result i32)))
        (import "host" "resolve" (func $resolve (param i32 i32 i32 i32)))
        (import "memory" "memory" (memory 1))
        (func (export "run") (result i32)
            (call $resolve (call $get) (i32.const 16) (i32.const 9) (i32.const 0))
            (i32.load8_u (i32.const 0))))
    (core instance $host (export "get" (func $get)) (export "resolve" (func $resolve)))
    (core instance $guest
        (instantiate $module (with "host" (instance $host)) (with "memory" (instance $memory))))
    (func $run (result (result)) (canon lift (core func $guest "run")))
    (instance $exported (export "run" (func $run)))
    (export "wasi:cli/run@0.2.0" (instance $exported)))"#;

#[test]
fn network_and_name_lookup_can_be_taken_away() {
    let guest = guest("cli-looks-up", LOOKS_UP);
    let code = |options: &[&str]| run(&[&WASI02, options].concat(), &guest).code;
    assert_eq!(code(&[]), Some(0));
    assert_eq!(code(&["--no-name-lookup"]), Some(1));
    assert_eq!(code(&["--no-network"]), Some(1));
}

#[test]
fn network_options_on_wasi_01_are_refused() {
    let guest = guest("cli-no-network", &exits(0));
    for option in ["--no-network", "--no-name-lookup"] {
        for wasi in ["0.1", "0.1-sockets"] {
            refused(&run(&["--wasi", wasi, option], &guest), &[option, "0.2"]);
        }
    }
}

#[test]
fn a_limit_of_handles_on_wasi_01_is_refused() {
    let guest = guest("cli-handles-01", &exits(0));
    for wasi in ["0.1", "0.1-sockets"] {
        let ended = run(&["--wasi", wasi, "--max-handles", "8"], &guest);
        refused(&ended, &["--max-handles", "0.2"]);
    }
}

#[test]
fn port_in_use_is_refused() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let ended = run(&["--listen", &addr], &guest("cli-port", &exits(0)));
    refused(&ended, &[&addr, "in use"]);
}

#[test]
fn bad_address_is_refused() {
    let guest = guest("cli-address", &exits(0));
    for address in ["nonsense", "127.0.0.1", "127.0.0.1:70000", ""] {
        refused(
            &run(&["--listen", address], &guest),
            &["not an address to listen on"],
        );
    }
}

#[test]
fn missing_folder_is_refused() {
    let guest = guest("cli-dir", &exits(0));
    for wasi in ["0.1", "0.1-sockets"] {
        let ended = run(&["--wasi", wasi, "--dir", "no/such::/data"], &guest);
        refused(&ended, &["no/such", "No such file"]);
    }
}

#[test]
fn folder_without_a_name_is_refused() {
    let guest = guest("cli-dir-name", &exits(0));
    for dir in ["", "::", ".::", "::/data"] {
        refused(&run(&["--dir", dir], &guest), &[dir, "HOST::GUEST"]);
    }
}

#[test]
fn missing_variable_is_refused() {
    let guest = guest("cli-env", &exits(0));
    refused(
        &run(&["--env", "WASIO_NO_SUCH"], &guest),
        &["WASIO_NO_SUCH", "not found", "WASIO_NO_SUCH=VALUE"],
    );
}

#[test]
fn variable_without_a_name_is_refused() {
    let guest = guest("cli-env-name", &exits(0));
    for variable in ["", "=", "=value"] {
        refused(
            &run(&["--env", variable], &guest),
            &[variable, "NAME=VALUE"],
        );
    }
}

#[test]
fn unknown_option_is_refused() {
    let ended = run(&["--no-such"], &guest("cli-option", &exits(0)));
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("--no-such"), "{ended:?}");
}

// The guest makes three calls. The file is written once more when it has ended, so all three count.
#[test]
fn stats_count_the_calls_of_the_host() {
    let yields = r#"(module
        (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
        (memory (export "memory") 2)
        (func (export "_start")
            (drop (call $yield)) (drop (call $yield)) (drop (call $yield))))"#;
    let guest = guest("cli-stats", yields);
    for wasi in ["0.1-sockets", "0.1"] {
        let file = guest.with_extension(format!("{wasi}.stats"));
        let path = file.to_str().expect("a path");
        let ended = run(&["--stats", path, "--wasi", wasi], &guest);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let stats = std::fs::read_to_string(&file).expect("stats");
        assert_eq!(stats.trim(), "host_calls=3 resources=0 memory=131072");
    }
}

#[test]
fn stats_that_cannot_be_written_are_refused() {
    let ended = run(
        &["--stats", "/no-such-folder/stats"],
        &guest("cli-no-stats", &exits(0)),
    );
    assert_eq!(ended.code, Some(2));
    assert!(
        ended
            .stderr
            .contains("cannot write to /no-such-folder/stats"),
        "{}",
        ended.stderr
    );
}
