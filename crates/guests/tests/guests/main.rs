//! Runs every guest program on every host that it is for.
//!
//! A guest's name starts with the kind of hosts it runs on; its test is the
//! function of the same name in the file of that kind. A guest without a test
//! does not build, nor does a test without a guest.

// A test without a guest is a function that nobody calls.
#![deny(dead_code)]

mod any;
mod example;
mod harness;
mod net;
mod node;
mod p1;
mod p2;
mod p3;
mod talk;
mod threads;

use std::process::ExitCode;

use harness::Guest;

include!(concat!(env!("OUT_DIR"), "/guests.rs"));

/// Pairs each guest with its test: a missing one is an error of the compiler.
macro_rules! every_guest_is_run {
    ($($name:ident: $kind:ident,)*) => {
        [$(Guest {
            name: stringify!($name),
            kind: stringify!($kind),
            test: $kind::$name,
            native: option_env!(concat!("CARGO_BIN_EXE_", stringify!($name))),
        },)*]
    };
}

fn main() -> ExitCode {
    harness::run(&for_each_guest!(every_guest_is_run), folder_of, NATIVE)
}
