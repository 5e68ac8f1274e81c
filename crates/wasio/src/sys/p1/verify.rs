//! Verification: which of the events of a host that over-reports are true.
//!
//! wasi-common (wasmtime up to 46, wasmi) reports *every* source as ready when any is. An event is
//! certain if it says more than "ready": more than one byte, a hang-up, an error. Certain events are
//! delivered at once. The others are polled again without blocking, in groups and then one by one,
//! where that host is exact. Sources that were not found ready stay armed.

use super::abi::{Errno, Event, Subscription};
use super::answer::Answer;
use super::host::Host;
use super::waiter::{Wait, Waiter};
use crate::portable::hot_cold::FEW;
use crate::portable::{Key, Waits};

/// Beside certain events the others are verified once per this many subscriptions that the host
/// has answered for: about 1 ms of its work, without reading a clock. A wait counts for [`FEW`] at
/// least, so that a ready source that beside others is never certain is reported after 64 waits at
/// most. With no such limit each wait on several sources makes one more call, or one per [`FEW`].
const VERIFY_EVERY: usize = 1_024;
const MS: u64 = 1_000_000;

impl Wait {
    /// Whether ambiguous events may wait. There is other work, and a source that is really ready
    /// ends the next wait at once.
    pub(super) fn puts_off_verifying(&mut self, answer: &Answer) -> bool {
        let unverified = &mut self.verify.unverified;
        *unverified = unverified.saturating_add(answer.call.slots.max(FEW));
        // Each that may show how the host waits is verified until that is known.
        let may_show = !self.quirks.prompt && answer.is_early();
        let is_due = *unverified >= VERIFY_EVERY || self.quirks.reports_all.is_none() || may_show;
        answer.reported > answer.ambiguous && !is_due
    }
}

impl<H: Host> Waiter<'_, H> {
    /// Verifies the ambiguous events of an answer, in which every source was reported.
    pub(super) fn verify(&mut self, answer: &Answer) {
        let written = answer.written;
        let is_known = self.wait.quirks.reports_all.is_some();
        let labels = self.ambiguous_labels(written);
        let before = self.ready.len();
        // A thousand take 0.3 ms so. Each in a call of its own, they would take 1.7 ms.
        let result = (labels.chunks(FEW)).try_for_each(|group| self.verify_group(group));
        let verified = self.ready.len() - before;
        // To test for a blind host takes a millisecond: not beside certain events, once it is known.
        let may_be_blind = verified == 0 && (answer.reported == answer.ambiguous || !is_known);
        if result.is_err() {
            // A poll that failed found nothing out. The next wait reports them again.
        } else if may_be_blind && labels.first().is_some_and(|label| self.is_blind(*label)) {
            // Such a host waits for all sources, and so reports all when all are ready.
            self.wait.quirks.reports_all = Some(false);
            self.believe(written);
        } else if verified < labels.len() {
            self.wait.quirks.observe_some_verified(answer);
            self.wait.quirks.reports_all = Some(true);
        }
        self.wait.verify.unverified = 0;
        self.wait.verify.labels = labels;
    }

    /// Takes the whole answer for true.
    #[cold]
    pub(super) fn believe(&mut self, written: usize) {
        let events = self.wait.answers.iter().take(written);
        (self.ready).extend(events.filter(|event| event.is_ambiguous()));
    }

    /// Has nothing that the last answer names pause: this host does not wait for sources, and is asked
    /// no more often than its slices are long (wazero).
    #[cold]
    pub(super) fn excuse(&mut self, written: usize) {
        let registrations = &mut self.shared.lock().registrations;
        for (key, direction) in (self.wait.answers[..written].iter()).filter_map(Event::target) {
            registrations.excuse(key, direction);
        }
    }

    /// The labels of the ambiguous events of the last answer.
    fn ambiguous_labels(&mut self, written: usize) -> Vec<u64> {
        let mut labels = std::mem::take(&mut self.wait.verify.labels);
        labels.clear();
        let events = self.wait.answers[..written].iter();
        let ambiguous = events.filter(|event| event.target().is_some() && event.is_ambiguous());
        labels.extend(ambiguous.map(|event| event.userdata));
        labels
    }

    /// Whether the host, which reported a source that was then not found ready, reports none in a
    /// call that does not block (uvwasi). Otherwise it was the source that changed.
    #[cold]
    fn is_blind(&mut self, label: u64) -> bool {
        self.probe_labels(&[label], MS) == Ok(1) && self.probe(0) == Ok(0)
    }

    /// Polls a group of sources, and each alone if any of them is ready. A certain event explains why
    /// the others are reported: they stay armed, and are verified the next time.
    fn verify_group(&mut self, labels: &[u64]) -> Result<(), Errno> {
        let reported = self.probe_labels(labels, 0)?;
        let before = self.ready.len();
        let answers = self.wait.verify.answers[..reported].iter();
        let is_single = labels.len() == 1;
        (self.ready).extend(answers.filter(|event| is_single || !event.is_ambiguous()));
        if reported > 0 && self.ready.len() == before {
            return (labels.chunks(1)).try_for_each(|label| self.verify_group(label));
        }
        Ok(())
    }

    /// Polls the sources behind a few labels. Leaves out those that the host is not asked about,
    /// whatever it reported of them, and duplicates.
    pub(super) fn probe_labels(&mut self, labels: &[u64], timeout_ns: u64) -> Result<usize, Errno> {
        let probe = &mut self.wait.verify.probe;
        probe.truncate(1);
        let state = self.shared.lock();
        for label in labels {
            let (key, direction) = Key::from_userdata(*label);
            if let Some(one) = state.registrations.get(key)
                && one.waits == Waits::Host
                && one.armed.contains(direction)
                && probe.iter().all(|other| other.userdata != *label)
            {
                probe.push(Subscription::descriptor(one.source, key, direction));
            }
        }
        drop(state);
        self.probe(timeout_ns)
    }

    /// Polls what stands behind the clock in `verify.probe`, for `timeout_ns` or practically without
    /// blocking. The answers, without the clock's, are the first in `verify.answers`.
    fn probe(&mut self, timeout_ns: u64) -> Result<usize, Errno> {
        let host = &self.shared.backend.host;
        let verify = &mut self.wait.verify;
        let (clock, group) = verify.probe.split_first_mut().ok_or(Errno::INVAL)?;
        if group.is_empty() {
            return Ok(0);
        }
        clock.set_timeout_ns(timeout_ns.max(self.wait.quirks.shortest_ns()));
        // A host may say that it wrote more than it did: nothing of an earlier answer is left there.
        verify.answers.clear();
        verify.answers.resize(verify.probe.len(), Event::ZERO);
        let written = host.poll_oneoff(&verify.probe, &mut verify.answers)?;
        verify.answers.truncate(written);
        verify.answers.retain(|event| event.target().is_some());
        Ok(verify.answers.len())
    }
}
