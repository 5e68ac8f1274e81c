//! Guests in the text format, small enough to be read beside their test.

use std::fs;
use std::path::PathBuf;

/// Writes a guest, under a name that no other test uses.
pub(crate) fn guest(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.wat"));
    fs::write(&path, text).expect("write the guest");
    path
}

/// Exits with `code`.
pub(crate) fn exits(code: i32) -> String {
    format!(
        r#"(module
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1)
            (func (export "_start") (call $exit (i32.const {code}))))"#
    )
}

/// A component that opens its output `count` times, and keeps what it opens.
pub(crate) fn opens_output(count: usize) -> String {
    let calls = "(drop (call $stdout))".repeat(count);
    format!(
        r#"(component
            (import "wasi:io/streams@0.2.0" (instance $streams
                (export "output-stream" (type (sub resource)))))
            (alias export $streams "output-stream" (type $stream))
            (import "wasi:cli/stdout@0.2.0" (instance $stdout
                (alias outer 1 $stream (type $stream))
                (export "output-stream" (type $s (eq $stream)))
                (export "get-stdout" (func (result (own $s))))))
            (core func $get (canon lower (func $stdout "get-stdout")))
            (core module $module
                (import "host" "stdout" (func $stdout (result i32)))
                (func (export "run") (result i32) {calls} (i32.const 0)))
            (core instance $host (export "stdout" (func $get)))
            (core instance $guest (instantiate $module (with "host" (instance $host))))
            (func $run (result (result)) (canon lift (core func $guest "run")))
            (instance $command (export "run" (func $run)))
            (export "wasi:cli/run@0.2.0" (instance $command)))"#
    )
}

/// Traps at once.
pub(crate) const TRAPS: &str = r#"(module (func $inner unreachable)
    (func (export "_start") (call $inner)))"#;

/// Waits for its input to end.
pub(crate) const READS: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_read"
        (func $read (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\10\00\00\00\80\00\00\00")
    (func (export "_start")
        (loop $again
            (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
            (br_if $again (i32.load (i32.const 8))))))"#;

/// The main thread waits forever, and the thread that it starts runs `body`.
pub(crate) fn thread_that(body: &str) -> String {
    format!(
        r#"(module
            (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (import "env" "memory" (memory 1 4 shared))
            (export "memory" (memory 0))
            (func (export "wasi_thread_start") (param $id i32) (param $arg i32) {body})
            (func (export "_start")
                (if (i32.le_s (call $spawn (i32.const 9)) (i32.const 0)) (then unreachable))
                (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))))"#
    )
}
