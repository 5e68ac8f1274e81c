//! What this machine says of the names that the client looks up. Its resolver may have to ask several
//! servers in vain, and may have an address for each name.

use std::net::ToSocketAddrs;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use wasio_chaos::names::{BAD, GOOD};

/// How long the answers are waited for.
const MOST: Duration = Duration::from_secs(60);

/// By how much a look-up of the client may take longer: its process is stopped and starved, and a
/// resolver asks again if a datagram was lost, after 5 s.
const SPARE: Duration = Duration::from_secs(30);

/// How long the look-ups took together, and whether each showed what is expected.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names {
    took: Duration,
    good: bool,
    bad: bool,
}

/// Begins to look both up. The thread is not waited for: it may take minutes.
pub(crate) fn ask() -> Receiver<Names> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let start = Instant::now();
        let (good, bad) = (is_here(GOOD), (BAD, 0).to_socket_addrs().is_err());
        // Nobody receives it when the time for it is over.
        let _ = sender.send(Names {
            took: start.elapsed(),
            good,
            bad,
        });
    });
    receiver
}

fn is_here(name: &str) -> bool {
    let found = (name, 0).to_socket_addrs();
    found.is_ok_and(|mut all| all.all(|one| one.ip().is_loopback()))
}

/// The answers. It says so if one of them keeps the look-ups of the client from being judged.
pub(crate) fn answers(receiver: &Receiver<Names>) -> Option<Names> {
    let names = receiver.recv_timeout(MOST).ok();
    match names {
        None => println!("chaos: a look-up takes over {MOST:?} here, so that none is judged"),
        Some(Names { good: false, .. }) => {
            println!("chaos: {GOOD} is not this machine here, so that no look-up of it is judged");
        }
        Some(Names { bad: false, .. }) => {
            println!("chaos: {BAD} has an address here, so that no look-up of it is judged");
        }
        Some(_) => {}
    }
    names
}

impl Names {
    /// How long a look-up of the client may take.
    pub(crate) fn limit(self) -> Duration {
        self.took + SPARE
    }

    /// The arguments of the client that say so.
    pub(crate) fn arguments(self) -> [String; 3] {
        [
            format!("lookup_ms={}", self.limit().as_millis()),
            format!("good={}", self.good),
            format!("bad={}", self.bad),
        ]
    }
}
