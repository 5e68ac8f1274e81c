//! Runs guests on hosts: one test of libtest's shape for each pair.

mod case;
mod command_line;
mod exceptions;
mod guest;
mod hosts;
mod jco;
mod native;
mod node;
mod process;

use std::env::consts::EXE_SUFFIX;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{RecvTimeoutError, channel};

use libtest_mimic::{Arguments, Completion, Failed, Trial};

pub(crate) use case::{Case, skip};
pub(crate) use guest::Session;
pub(crate) use hosts::Host;

use case::Skipped;
use exceptions::Exception;

/// A guest program and its test.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guest {
    pub(crate) name: &'static str,
    /// The start of its name, which says where it runs.
    pub(crate) kind: &'static str,
    pub(crate) test: fn(&Case),
    /// The same program built natively, unless it is for wasm only.
    pub(crate) native: Option<&'static str>,
}

/// Runs the tests that the command line asks for.
///
/// A guest without a native program of this package is an example: it is in the folder
/// of the target `native`.
pub(crate) fn run(guests: &[Guest], folder_of: fn(&str) -> PathBuf, native: &str) -> ExitCode {
    let mut trials = Vec::new();
    for guest in guests {
        for host in Host::of_kind(guest.kind) {
            let program = match host.target() {
                Some(target) => folder_of(target).join(guest.name).with_extension("wasm"),
                None => guest.native.map_or_else(
                    || folder_of(native).join(format!("{}{EXE_SUFFIX}", guest.name)),
                    PathBuf::from,
                ),
            };
            // Those of pollables are for WASI 0.2 alone, and so are not built.
            if guest.kind == "p2" && host.is_03() && !program.exists() {
                continue;
            }
            let test = guest.test;
            let prefix = if guest.kind == "example" {
                "example_"
            } else {
                ""
            };
            for run in 1..=host.runs() {
                let mut name = format!("{prefix}{}::{}", guest.name, host.name());
                if run > 1 {
                    name = format!("{name}::{run}");
                }
                let case = Case::new(host, program.clone());
                let exception = exceptions::of(host, guest.name);
                trials.push(Trial::ignorable_test(name, move || match exception {
                    Some(Exception::Skipped(reason)) => Ok(Completion::ignored_with(reason)),
                    Some(Exception::Fails { why, shows }) => {
                        fails(bounded(test, &case), why, shows)
                    }
                    None => bounded(test, &case),
                }));
            }
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// What a test is that has to fail for a reason of its host's, and to show that reason.
fn fails(
    result: Result<Completion, Failed>,
    why: &'static str,
    shows: &str,
) -> Result<Completion, Failed> {
    match result {
        Ok(Completion::Completed) => {
            Err(format!("it passes now, and is an exception since {why:?}").into())
        }
        Err(failed) if !failed.message().unwrap_or_default().contains(shows) => {
            let message = failed.message().unwrap_or("a failure without a message");
            let expected = format!("it is an exception since {why:?}, and does not show {shows:?}");
            Err(format!("{expected}, but:\n{message}").into())
        }
        Err(_) => Ok(Completion::ignored_with(why)),
        Ok(ignored @ Completion::Ignored { .. }) => Ok(ignored),
    }
}

/// Runs a test on a thread of its own. If it takes too long, it fails and its processes are killed:
/// no guest and no test hangs the run.
pub(crate) fn bounded(
    test: impl FnOnce(&Case) + Send + 'static,
    case: &Case,
) -> Result<Completion, Failed> {
    let (sender, receiver) = channel();
    let inner = case.clone();
    std::thread::Builder::new()
        .name("test".into())
        .spawn(move || {
            let result = catch_unwind(AssertUnwindSafe(|| test(&inner)));
            // Nobody listens any more when the time was over.
            let _ = sender.send(result);
        })?;
    loop {
        let left = case.time_left();
        match receiver.recv_timeout(left) {
            Ok(Ok(())) => return Ok(Completion::Completed),
            Ok(Err(panic)) => return verdict(panic.as_ref()),
            Err(RecvTimeoutError::Disconnected) => return Err("the test's thread died".into()),
            Err(RecvTimeoutError::Timeout) if case.time_left().is_zero() => {
                case.end();
                return Err(format!("not done after {:?}", case.limit()).into());
            }
            // The test asked for more time meanwhile.
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// A panic is a failure, unless it is a skip.
fn verdict(panic: &(dyn std::any::Any + Send)) -> Result<Completion, Failed> {
    if let Some(Skipped(reason)) = panic.downcast_ref() {
        return Ok(Completion::ignored_with(reason));
    }
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    Err(text.unwrap_or("a panic without a message").into())
}
