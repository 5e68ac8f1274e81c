//! `{:?}` of an event prints what wasio reports, and `{:#?}` also the record of the host.

use wasio_guests::driver::{BOTH, Driver, accept, drain, say};

fn main() {
    let mut stream = accept(&mut wasio_guests::listener());
    let mut driver = Driver::default();
    driver.register(&mut stream, 17, BOTH);
    let mut event = driver.expect(17);
    while !event.is_readable() {
        event = driver.expect(17);
    }
    let short = format!("{event:?}");
    assert!(
        short.contains("17") && short.contains("READABLE"),
        "{short}"
    );
    assert!(!short.contains("host"), "{short}");
    let long = format!("{event:#?}");
    assert!(long.contains("READABLE") && long.contains("host"), "{long}");
    let words: &[&str] = if cfg!(target_env = "p1") {
        &["userdata", "nbytes", "type", "errno 0", "fd_"]
    } else if cfg!(wasio_backend = "p3") {
        &["Operation", "Read"]
    } else if cfg!(target_env = "p2") {
        &["Pollable"]
    } else {
        &["Polling"]
    };
    for word in words {
        assert!(long.contains(word), "{word} is not in {long}");
    }
    assert_eq!(drain(&mut stream).0, b"hello");
    say(&stream, "x");
}
