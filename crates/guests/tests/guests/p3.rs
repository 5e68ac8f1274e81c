//! Guests of WASI 0.3: what would trap or hang there, and what is special.

use std::io::Write;

use crate::harness::Case;

pub(crate) fn p3_nothing_in_flight(case: &Case) {
    let guest = case.setup().listeners(1).start();
    let mut stream = guest.connect();
    stream.write_all(b"hello").unwrap();
    // The guest reads after it was refused; the end comes whenever it may.
    drop(stream);
    guest.succeeds();
}

/// Each kind of operation is cancelled, and leaves nothing with the host.
pub(crate) fn p3_drops(case: &Case) {
    let left = |rounds: usize| {
        let outcome = case.setup().arg(rounds.to_string()).start().succeeds();
        let drops = format!("{} drops\n", rounds * 24);
        assert_eq!(outcome.stdout_text(), drops);
        outcome.resources.unwrap()
    };
    let (few, many) = (left(2), left(25));
    assert!((1..100).contains(&few), "{few}");
    // Connections that nobody has accepted come and go.
    assert!(many < few + 8, "{few} resources became {many}");
}

pub(crate) fn p3_waitable(case: &Case) {
    case.start().succeeds();
}
