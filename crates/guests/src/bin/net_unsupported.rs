//! Socket operations that WASI 0.1 lacks fail, and the error names the version that has them.
//! Natively they work.

use std::fmt::Debug;
use std::io::{self, ErrorKind};

use wasio_guests::driver::accept;

fn check<T: Debug>(result: io::Result<T>) {
    if cfg!(not(target_env = "p1")) {
        result.expect("works natively");
        return;
    }
    let error = result.expect_err("WASI 0.1 cannot do this");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let text = error.to_string();
    assert!(text.contains("WASI 0.2"), "{text}");
}

fn main() {
    let mut listener = wasio_guests::listener();
    check(listener.local_addr());
    check(listener.set_ttl(64));
    check(listener.ttl());
    let stream = accept(&mut listener);
    check(stream.local_addr());
    check(stream.peer_addr());
    check(stream.set_nodelay(true));
    check(stream.nodelay());
    check(stream.set_ttl(64));
    check(stream.ttl());
}
