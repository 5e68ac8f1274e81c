//! What a wait works on, for the files that wait, verify and recover.

use super::abi::{Event, Subscription};
use super::backend::P1;
use super::host::Host;
use super::quirks::Quirks;
use crate::portable::hot_cold::{Policy, PollArray};
use crate::portable::{Config, Shared, Until};

/// One wait.
pub(super) struct Waiter<'a, H: Host> {
    pub(super) shared: &'a Shared<P1<H>>,
    pub(super) wait: &'a mut Wait,
    /// What is known to be ready.
    pub(super) ready: &'a mut Vec<Event>,
    pub(super) round: u32,
    /// Whether the last call returned no event at all.
    pub(super) answered_nothing: bool,
    /// Whether a call failed for a source that another thread has dropped since the last update.
    pub(super) is_outdated: bool,
}

/// What belongs to the thread that waits.
pub(crate) struct Wait {
    pub(super) array: PollArray<Subscription>,
    /// Where the host writes.
    pub(super) answers: Vec<Event>,
    pub(super) verify: Verify,
    pub(super) policy: Policy,
    pub(super) quirks: Quirks,
    /// The chunk that is waited on next, on a host with a limit.
    pub(super) next_chunk: usize,
    /// Set if the last wait asked for all the time that was left until then, and only time ended it.
    pub(super) slept_until: Option<Until>,
}

impl Wait {
    pub(super) fn new(config: Config) -> Self {
        Self {
            array: PollArray::new(Subscription::clock()),
            answers: Vec::new(),
            verify: Verify::new(),
            policy: Policy::new(config),
            quirks: Quirks::new(),
            next_chunk: 0,
            slept_until: None,
        }
    }
}

/// The buffers of verification, and when the next is due.
pub(super) struct Verify {
    /// The labels of the events to verify.
    pub(super) labels: Vec<u64>,
    /// The array and the answers of the calls. The clock comes first.
    pub(super) probe: Vec<Subscription>,
    pub(super) answers: Vec<Event>,
    /// The subscriptions that the host has answered for since the last verification.
    pub(super) unverified: usize,
}

impl Verify {
    fn new() -> Self {
        Self {
            labels: Vec::new(),
            probe: vec![Subscription::clock()],
            answers: Vec::new(),
            unverified: 0,
        }
    }
}
