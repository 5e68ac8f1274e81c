//! The connections that the proxy breaks. Each is recorded before it is broken, so that a guest can
//! report none that is not here yet, unless something else has broken it.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// By how much the clocks of a guest and of this program may differ.
pub(crate) const CLOCKS: Duration = Duration::from_millis(100);

#[derive(Debug, Default)]
pub(crate) struct Broken {
    /// The numbers of those that it reset and had read the number of.
    numbers: HashSet<u64>,
    /// Those that it reset before: each is reported once at most.
    refused: Vec<Refused>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Refused {
    address: SocketAddr,
    at: Instant,
}

/// A connection that ended before its time, as the client knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reported {
    pub(crate) number: u64,
    pub(crate) opened: Instant,
    /// `None` if it failed before the client knew that.
    pub(crate) address: Option<SocketAddr>,
}

impl Broken {
    pub(crate) fn cut(&mut self, number: u64) {
        self.numbers.insert(number);
    }

    pub(crate) fn refuse(&mut self, address: SocketAddr) {
        let at = Instant::now();
        self.refused.push(Refused { address, at });
    }

    /// Whether the proxy has broken this connection. Another report of the same is wrong.
    pub(crate) fn take(&mut self, reported: Reported) -> bool {
        let Reported {
            number,
            opened,
            address,
        } = reported;
        if self.numbers.remove(&number) {
            return true;
        }
        // An address may come again, on a later connection.
        let is_it = |one: &Refused| {
            one.at + CLOCKS >= opened && address.is_none_or(|address| address == one.address)
        };
        let found = self.refused.iter().position(is_it);
        found.map(|index| self.refused.swap_remove(index)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(number: u64, opened: Instant, port: Option<u16>) -> Reported {
        let address = port.map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        Reported {
            number,
            opened,
            address,
        }
    }

    #[test]
    fn what_was_cut_is_taken_once_by_its_number() {
        let (mut broken, now) = (Broken::default(), Instant::now());
        broken.cut(7);
        assert!(!broken.take(reported(8, now, Some(1))));
        assert!(broken.take(reported(7, now, Some(1))));
        assert!(!broken.take(reported(7, now, Some(1))));
    }

    #[test]
    fn what_was_refused_is_taken_once_by_its_address() {
        let (mut broken, before) = (Broken::default(), Instant::now());
        broken.refuse(SocketAddr::from(([127, 0, 0, 1], 5)));
        assert!(!broken.take(reported(1, before, Some(4))));
        assert!(!broken.take(reported(1, before + CLOCKS * 20, Some(5))));
        assert!(broken.take(reported(1, before, Some(5))));
        assert!(!broken.take(reported(1, before, Some(5))));
    }

    #[test]
    fn what_has_no_address_takes_one_that_was_refused_since() {
        let (mut broken, before) = (Broken::default(), Instant::now());
        assert!(!broken.take(reported(1, before, None)));
        broken.refuse(SocketAddr::from(([127, 0, 0, 1], 5)));
        assert!(!broken.take(reported(1, before + CLOCKS * 20, None)));
        assert!(broken.take(reported(1, before, None)));
        assert!(!broken.take(reported(1, before, None)));
    }
}
