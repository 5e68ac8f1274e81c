//! Guests that serve connections.

use std::io::{Read, Write};
use std::net::Shutdown;

use wasio_host::peer::{self, Pattern};

use crate::harness::Case;

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
