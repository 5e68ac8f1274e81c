//! Each error number of the version, and what it is for the caller: itself.

use std::cell::Cell;
use std::time::Duration;

use super::super::abi::{Errno, Event, Fdstat, Subscription};
use super::super::host::Host;
use super::super::selector::Selector;
use super::host::MS;
use crate::portable::Config;
use crate::{Events, Interest, Mode, Token};

/// WASI 0.1 has 0 to 76; the others are of hosts that do not keep to it.
fn numbers() -> impl Iterator<Item = u16> {
    (1..=77).chain([1_000, u16::MAX])
}

thread_local! {
    static ERRNO: Cell<Errno> = const { Cell::new(Errno::SUCCESS) };
    static NOW_NS: Cell<u64> = const { Cell::new(0) };
}

/// A host that fails each call with [`ERRNO`], and whose clock goes on when it is read.
#[derive(Default)]
struct Failing;

impl Host for Failing {
    const THREADS: bool = false;

    fn poll_oneoff(&self, _: &[Subscription], _: &mut [Event]) -> Result<usize, Errno> {
        Err(ERRNO.get())
    }

    fn now_ns(&self) -> u64 {
        NOW_NS.set(NOW_NS.get() + MS);
        NOW_NS.get()
    }

    fn fdstat(&self, _: u32) -> Result<Fdstat, Errno> {
        Err(ERRNO.get())
    }
}

#[test]
fn each_number_reaches_the_caller_of_register() {
    let selector = Selector::<Failing>::new(Config::DEFAULT).unwrap();
    for number in numbers() {
        ERRNO.set(Errno(number));
        let refused = selector.register(3, Token(0), Interest::READABLE, Mode::Edge);
        let error = refused.expect_err("the host refuses");
        assert_eq!(error.raw_os_error(), Some(i32::from(number)));
        let again = selector.find(3).expect_err("it is not registered");
        assert_eq!(again.kind(), std::io::ErrorKind::NotFound, "{number}");
    }
}

#[test]
fn each_number_of_a_wait_that_failed_reaches_the_caller_of_select() {
    let selector = Selector::<Failing>::new(Config::DEFAULT).unwrap();
    let mut events = Events::with_capacity(1);
    for number in numbers() {
        ERRNO.set(Errno(number));
        let result = selector.select(&mut events, Some(Duration::from_millis(20)));
        if Errno(number) == Errno::INTR {
            assert!(result.is_ok(), "an interrupted wait goes on");
            continue;
        }
        let error = result.expect_err("the wait itself failed");
        assert_eq!(error.raw_os_error(), Some(i32::from(number)));
    }
}
