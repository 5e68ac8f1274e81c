//! Guests that serve connections.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use wasio_host::peer::load::Load;
use wasio_host::peer::{self, Pattern};

use crate::harness::Case;

mod calls;
mod costs;
mod edges;
mod mass;

pub(crate) use calls::*;
pub(crate) use costs::*;
pub(crate) use edges::*;
pub(crate) use mass::*;

pub(crate) fn net_std_echo(case: &Case) {
    let guest = case.start();
    let stream = guest.connect();
    let sent = Pattern::new(1).take(100_000);
    let mut back = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            (&stream).write_all(&sent).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
        });
        (&stream).read_to_end(&mut back).unwrap();
    });
    assert!(back == sent, "{} of {} bytes", back.len(), sent.len());
    assert_eq!(guest.succeeds().stdout_text(), "100000 bytes\n");
}

pub(crate) fn net_std_two_listeners(case: &Case) {
    let guest = case.setup().listeners(2).start();
    for index in [1, 0] {
        let mut line = String::new();
        let mut stream = peer::connect(guest.addr(index)).unwrap();
        stream.read_to_string(&mut line).unwrap();
        assert_eq!(line, format!("{index}\n"));
    }
    guest.succeeds();
}

// All kinds of peers at once, every byte checked.
pub(crate) fn net_echo(case: &Case) {
    const CONNECTIONS: usize = 200;
    let guest = case.setup().arg(CONNECTIONS.to_string()).start();
    let load = Load {
        connections: CONNECTIONS,
        messages: 20,
        slow_readers: 10,
        half_closes: 20,
        resets: 20,
        timeout: Duration::from_secs(40),
        ..Load::default()
    };
    let mut crowd = load.connect(guest.addr(0)).unwrap();
    let report = crowd.run(|_| {});
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!(crowd.open(), 160);
    drop(crowd);
    guest.succeeds();
}
