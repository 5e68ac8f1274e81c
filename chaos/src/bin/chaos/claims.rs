//! What a guest reports that is right only together with a fault. What was done is known here, and
//! not by the guest, whose faults may be late.

use std::time::{Duration, Instant};

use wasio_chaos::plan::{Fault, Party};

use crate::broken::{CLOCKS, Reported};
use crate::shared::{Shared, lock};

/// Judges a line of a guest. Returns whether it was a report.
pub(crate) fn judge(shared: &Shared, name: &str, line: &str) -> bool {
    let Some((kind, text)) = line.split_once(' ') else {
        return false;
    };
    let is_right = match kind {
        "violation" => false,
        "broken" => is_broken(shared, text).unwrap_or(false),
        "lacks" => lacked(shared, name, text).unwrap_or(false),
        _ => return false,
    };
    if !is_right {
        shared.violation(&format!("{name}: {text}"));
    }
    true
}

/// `NUMBER OPENED_MS ADDRESS TEXT`: a connection ended before its time.
fn is_broken(shared: &Shared, text: &str) -> Option<bool> {
    let mut words = text.split(' ');
    let reported = Reported {
        number: words.next()?.parse().ok()?,
        opened: time(shared, words.next()?)?,
        address: words.next()?.parse().ok(),
    };
    Some(lock(&shared.broken).take(reported))
}

/// `FROM_MS TO_MS TEXT`: an operation failed for which its process needs a descriptor.
fn lacked(shared: &Shared, name: &str, text: &str) -> Option<bool> {
    let mut words = text.split(' ');
    let from = time(shared, words.next()?)?;
    let to = time(shared, words.next()?)?;
    let of = match name {
        "server" => Party::Server,
        _ => Party::Client,
    };
    let is_limit = |fault| matches!(fault, Fault::Descriptors { of: party, .. } if party == of);
    Some(shared.had_between([from - CLOCKS, to + CLOCKS], is_limit))
}

/// A time of the run, in milliseconds.
fn time(shared: &Shared, word: &str) -> Option<Instant> {
    let ms = word.parse().ok()?;
    Some(shared.start() + Duration::from_millis(ms))
}

#[cfg(test)]
mod tests {
    use wasio_chaos::plan::Planned;

    use super::*;

    fn shared() -> Shared {
        let shared = Shared::new(1, Duration::from_secs(60));
        shared.start_at(Instant::now());
        shared
    }

    fn is_violation(shared: &Shared, line: &str) -> bool {
        let before = shared.violations().len();
        assert!(judge(shared, "client", line), "{line}");
        shared.violations().len() > before
    }

    #[test]
    fn a_broken_connection_is_right_if_the_proxy_broke_it() {
        let shared = shared();
        lock(&shared.broken).cut(5);
        assert!(!is_violation(&shared, "broken 5 0 - failed after 7 bytes"));
        assert!(is_violation(&shared, "broken 5 0 - failed after 7 bytes"));
        assert!(is_violation(&shared, "broken 6 0 127.0.0.1:9 failed"));
        assert!(is_violation(&shared, "broken beyond reading"));
        assert!(is_violation(&shared, "violation a byte is lost"));
        assert!(!judge(&shared, "client", "status done=1"));
    }

    #[test]
    fn a_failure_for_want_of_descriptors_is_right_while_there_are_none() {
        let shared = shared();
        let of = Party::Client;
        let planned = Planned {
            at: Duration::ZERO,
            lasts: Duration::ZERO,
            fault: Fault::Descriptors { of, spare: 0 },
        };
        assert!(is_violation(&shared, "lacks 0 1 cannot open"));
        shared.begin(&planned);
        shared.finish(&planned);
        assert!(!is_violation(&shared, "lacks 0 1 cannot open"));
        assert!(is_violation(&shared, "lacks 5000 5001 cannot open"));
        // The server had all of its descriptors.
        assert!(judge(&shared, "server", "lacks 0 1 an accept failed"));
        assert_eq!(shared.violations().len(), 3);
    }
}
