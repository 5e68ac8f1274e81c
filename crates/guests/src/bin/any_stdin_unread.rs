//! Input that was brought in and not read yet is reported to who registers for it: a poll of the host
//! may know nothing of it any more.

use std::io::Read;

use wasio::{Events, Interest, stdio};
use wasio_guests::driver::{Driver, drain};

fn main() {
    let mut stdin = stdio::stdin().expect("standard input");
    let mut driver = Driver::default();
    let mut line = Vec::new();
    let mut read_one = |stdin: &mut stdio::Stdin| {
        let mut byte = [0];
        assert_eq!(stdin.read(&mut byte).expect("read"), 1);
        line.push(byte[0]);
    };
    driver.register(&mut stdin, 1, Interest::READABLE);
    driver.expect(1);
    read_one(&mut stdin);
    let reregister = |driver: &Driver, stdin: &mut stdio::Stdin, token| {
        let registry = driver.poll.registry();
        (registry.reregister(stdin, wasio::Token(token), Interest::READABLE)).expect("reregister");
    };
    reregister(&driver, &mut stdin, 2);
    driver.expect(2);
    read_one(&mut stdin);

    driver.deregister(&mut stdin);
    let mut another = Driver::default();
    another.register(&mut stdin, 3, Interest::READABLE);
    another.expect(3);
    read_one(&mut stdin);

    // No event without a reason, and then the next line is one.
    line.extend(drain(&mut stdin).0);
    assert_eq!(line, b"0123456789\n");
    let fork = another.poll.registry().selector().fork().expect("a fork");
    let mut events = Events::with_capacity(4);
    let timeout = std::time::Duration::from_millis(50);
    fork.select(&mut events, Some(timeout)).expect("select");
    assert!(events.is_empty(), "{events:?}");
    println!("read");
    another.expect(3);
    assert_eq!(drain(&mut stdin).0, b"another\n");
}
