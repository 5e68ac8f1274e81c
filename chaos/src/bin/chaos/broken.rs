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

#[derive(Clone, Copy, Debug)]
struct Refused {
    address: SocketAddr,
    at: Instant,
    /// When the connection was opened that stands for it and has no address.
    taken: Option<Instant>,
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
        self.refused.push(Refused {
            address,
            at: Instant::now(),
            taken: None,
        });
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
        let Some(address) = address else {
            return self.take_any(opened);
        };
        // An address may come again, on a later connection.
        let is_it = |one: &Refused| one.address == address && one.is_since(opened);
        let Some(index) = self.refused.iter().position(is_it) else {
            return false;
        };
        let taken = self.refused.swap_remove(index).taken;
        // What had it and has no address was another.
        taken.is_none_or(|opened| self.take_any(opened))
    }

    /// Takes one for a connection without an address.
    fn take_any(&mut self, opened: Instant) -> bool {
        let is_free = |one: &&mut Refused| one.taken.is_none() && one.is_since(opened);
        let Some(free) = self.refused.iter_mut().find(is_free) else {
            return false;
        };
        free.taken = Some(opened);
        true
    }
}

impl Refused {
    fn is_since(&self, opened: Instant) -> bool {
        self.at + CLOCKS >= opened
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

    // Which of those that were refused the first one was turns out later.
    #[test]
    fn what_has_no_address_leaves_those_to_others_that_have_theirs() {
        let (mut broken, before) = (Broken::default(), Instant::now());
        for port in [5, 6] {
            broken.refuse(SocketAddr::from(([127, 0, 0, 1], port)));
        }
        assert!(broken.take(reported(1, before, None)));
        assert!(broken.take(reported(2, before, Some(5))));
        assert!(!broken.take(reported(3, before, None)));
        // The first one can then have been none of them.
        assert!(!broken.take(reported(4, before, Some(6))));
    }
}
