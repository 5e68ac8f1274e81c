//! Calls that fail: a host that takes no more than so many sources at once is asked in pieces, and
//! a source that makes a call fail is found and told its owner.

use std::io;
use std::ops::Range;

use super::abi::{Errno, Subscription};
use super::host::Host;
use super::look::LOOK_EVERY_NS;
use super::wait::{Budget, Turn};
use crate::portable::{Key, Part};

/// An `inval` for more sources than this is taken for a limit first.
const MANY: usize = 512;

impl<H: Host> Turn<'_, H> {
    /// Waits in pieces, on a host that does not take all sources at once: first a
    /// look at each piece, then a short wait on one of them in turn.
    #[cold]
    pub(super) fn ask_in_pieces(
        &mut self,
        part: Part,
        limit: usize,
        budget: Budget,
    ) -> io::Result<()> {
        let before = self.heard();
        let pieces = self.wait.order.pieces(part, limit);
        let mut count = 0;
        for piece in pieces {
            let timeout_ns = self.timeout_ns(piece.len(), Budget::Zero);
            self.ask_piece(piece, Budget::Zero, timeout_ns)?;
            count += 1;
        }
        if self.heard() > before || budget == Budget::Zero {
            return Ok(());
        }
        let turn = self.wait.next_piece % count;
        self.wait.next_piece = turn + 1;
        let patience_ns = LOOK_EVERY_NS << self.round.min(3);
        match self.wait.order.pieces(part, limit).nth(turn) {
            Some(piece) => {
                let budget = budget.min_ns(patience_ns);
                let timeout_ns = self.timeout_ns(piece.len(), budget);
                self.ask_piece(piece, budget, timeout_ns)
            }
            None => Ok(()),
        }
    }

    pub(super) fn ask_piece(
        &mut self,
        piece: Range<usize>,
        budget: Budget,
        timeout_ns: u64,
    ) -> io::Result<()> {
        let asked = piece.len();
        let started_ns = self.started_ns(asked, budget);
        let wait = &mut *self.wait;
        let loan = wait.order.loan_of_piece(piece.clone());
        let result = wait.call(&self.shared.host, &loan, asked, timeout_ns);
        match result {
            Ok(written) => {
                let elapsed_ns = self.elapsed_ns(started_ns);
                self.sift(written, asked, budget, timeout_ns, elapsed_ns);
                Ok(())
            }
            Err(Errno::INTR) => Ok(()),
            Err(Errno::INVAL | Errno::NOMEM) if asked > 1 && asked <= MANY => {
                if self.isolate(Errno::INVAL, piece).is_ok() {
                    // It was not the number, here. Perhaps it never was.
                    self.wait.quirks.limit = usize::MAX;
                } else {
                    self.wait.quirks.halve_limit(asked);
                }
                Ok(())
            }
            // The next round has smaller pieces.
            Err(Errno::TOO_BIG | Errno::INVAL | Errno::NOMEM) if asked > 1 => {
                self.wait.quirks.halve_limit(asked);
                Ok(())
            }
            Err(errno) => self.isolate(errno, piece),
        }
    }

    /// What to do when the whole call failed.
    #[cold]
    pub(super) fn recover(
        &mut self,
        errno: Errno,
        part: Part,
        asked: usize,
        budget: Budget,
    ) -> io::Result<()> {
        match errno {
            Errno::INTR => {
                self.asked_ns = 0;
                Ok(())
            }
            Errno::TOO_BIG | Errno::INVAL | Errno::NOMEM if asked > MANY => {
                self.wait.quirks.halve_limit(asked);
                self.ask_in_pieces(part, self.wait.quirks.limit, budget)
            }
            Errno::INVAL | Errno::TOO_BIG | Errno::NOMEM if asked > 1 => {
                if self.isolate(errno, self.wait.order.places(part)).is_err() {
                    // No source is to blame: it is the number.
                    self.wait.quirks.halve_limit(asked);
                    return self.ask_in_pieces(part, self.wait.quirks.limit, budget);
                }
                Ok(())
            }
            errno => self.isolate(errno, self.wait.order.places(part)),
        }
    }

    /// Finds the sources that made a call fail, and reports each to its own owner.
    #[cold]
    fn isolate(&mut self, errno: Errno, places: Range<usize>) -> io::Result<()> {
        let before = self.wait.found.len();
        for place in places.clone() {
            let one = self.wait.order.record(place);
            if self.is_asked_about(&one)
                && let Err(errno) = self.shared.host.fdstat(one.fd())
            {
                self.wait.found.push(one.failed(errno));
            }
        }
        if self.wait.found.len() == before {
            for place in places {
                let one = self.wait.order.record(place);
                if let Err(errno) = self.probe_labels(&[one.userdata], 0) {
                    self.wait.found.push(one.failed(errno));
                }
            }
        }
        if self.wait.found.len() == before {
            return Err(errno.into());
        }
        Ok(())
    }

    /// Whether it is a source's that is still armed, and not the clock's.
    fn is_asked_about(&self, one: &Subscription) -> bool {
        let (key, direction) = Key::from_userdata(one.userdata);
        self.shared.lock().sources.is_armed(key, direction)
    }
}
