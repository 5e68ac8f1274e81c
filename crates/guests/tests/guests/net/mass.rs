//! Many connections at once, and what an idle one costs.

use std::time::{Duration, Instant};

use wasio_host::peer::load::{Crowd, Load};

use crate::harness::{Case, Session};

const CONNECTIONS: usize = 1000;

/// Slow readers, half-closes and resets mixed: every byte comes back or its
/// connection ends in an error; and the server does not spin for the slow ones.
pub(crate) fn net_thousand_mixed(case: &Case) {
    const SLOW: usize = 20;
    const HALF: usize = 50;
    const RESETS: usize = 50;
    case.set_limit(Duration::from_secs(120));
    let setup = case.setup().arg(CONNECTIONS.to_string());
    let guest = setup.arg(RESETS.to_string()).start();
    let load = Load {
        connections: CONNECTIONS,
        messages: 4,
        slow_readers: SLOW,
        half_closes: HALF,
        resets: RESETS,
        timeout: Duration::from_secs(90),
        ..Load::default()
    };
    let mut crowd = load.connect(guest.addr(0)).unwrap();
    let report = crowd.run(|_| {});
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!(report.connections, CONNECTIONS);
    assert_eq!(crowd.open(), CONNECTIONS - HALF - RESETS);
    let whole = (CONNECTIONS - RESETS) * 4;
    assert!(report.done.messages >= whole as u64, "{:?}", report.done);
    drop(crowd);
    let outcome = guest.succeeds();
    let text = outcome.stdout_text();
    let (events, needless) = text.trim_end().split_once(' ').unwrap();
    let (events, needless): (u64, u64) = (events.parse().unwrap(), needless.parse().unwrap());
    // The first event of each says that it is writable; an event may be of bytes that were
    // read with those before. A server that spins has more than it has messages.
    let most = CONNECTIONS as u64 + events / 5;
    assert!(
        needless <= most,
        "{needless} of {events} events led to nothing"
    );
}

/// Opens the connections and sends a message on each, so that all are drained.
fn settled(guest: &Session) -> Crowd {
    let load = Load {
        connections: CONNECTIONS,
        messages: 1,
        sizes: 1..=2000,
        timeout: Duration::from_secs(40),
        ..Load::default()
    };
    let mut crowd = load.connect(guest.addr(0)).unwrap();
    let report = crowd.run(|_| {});
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!(crowd.open(), CONNECTIONS);
    crowd
}

/// Wants less than 1% of a core over two seconds.
fn expect_idle(guest: &Session) {
    const TIME: Duration = Duration::from_secs(2);
    let Some(before) = guest.cpu_time() else {
        return; // This system does not say.
    };
    let start = Instant::now();
    std::thread::sleep(TIME);
    let cpu = guest.cpu_time().unwrap() - before;
    let elapsed = start.elapsed();
    assert!(
        cpu < elapsed / 100,
        "{cpu:?} of CPU in {elapsed:?} of idleness"
    );
}

/// Each is registered for both directions, and drained.
pub(crate) fn net_idle_thousand(case: &Case) {
    let guest = case.setup().arg(CONNECTIONS.to_string()).start();
    let crowd = settled(&guest);
    expect_idle(&guest);
    // They are not dead.
    let mut crowd = crowd;
    assert_eq!(crowd.run(|_| {}).failures, Vec::<String>::new());
    drop(crowd);
    guest.succeeds();
}
