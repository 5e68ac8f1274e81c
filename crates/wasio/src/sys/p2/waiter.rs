//! What a wait works on, for the files that wait for pollables and for descriptors.

use std::ops::Range;

use super::answers::Answers;
use super::backend::P2;
use super::clock::Clock;
use super::event::Ready;
use super::host::{Handle, Host, NO_HANDLE};
use crate::portable::hot_cold::{Policy, PollArray};
use crate::portable::{Config, Shared, State, Until};

/// One wait.
pub(super) struct Waiter<'a, H: Host> {
    pub(super) host: &'a H,
    pub(super) shared: &'a Shared<P2<H>>,
    pub(super) wait: &'a mut Wait<H>,
    pub(super) ready: &'a mut Vec<Ready>,
    /// What waits for descriptors, except while it is at work.
    pub(super) fds: Option<&'a mut (dyn FdWait<H> + 'static)>,
}

/// What belongs to the thread that waits.
pub(crate) struct Wait<H: Host> {
    pub(super) array: PollArray<Handle>,
    pub(super) clock: Clock<H>,
    /// Where the host puts its answer.
    pub(super) indices: Vec<u32>,
    pub(super) answers: Answers,
    pub(super) policy: Policy,
    pub(super) fds: Option<Box<dyn FdWait<H>>>,
}

impl<H: Host> Wait<H> {
    pub(super) fn new(config: Config) -> Self {
        Self {
            // The clock is replaced before each call of the host.
            array: PollArray::new(NO_HANDLE),
            clock: Clock::new(),
            indices: Vec::new(),
            answers: Answers::new(),
            policy: Policy::new(config),
            fds: None,
        }
    }
}

/// What waits for descriptors.
///
/// Descriptors that are alone are in the array, hot and cold as pollables are, and libc polls parts of
/// it. Beside pollables they are outside: the host must be handed those in one slice.
pub(super) trait FdWait<H: Host>: Send {
    /// Decides where the descriptors are, before the array is brought up to date.
    fn place(&mut self, state: &mut State<P2<H>>);

    /// Lists those that are outside the array.
    fn gather(&mut self, state: &State<P2<H>>);

    /// Whether there are descriptors and no pollables.
    fn are_alone(&self) -> bool;

    /// Whether a descriptor is waited for outside the array.
    fn has_outside(&self) -> bool;

    /// Waits for what is at places of the array, where all sources are descriptors. Returns how many
    /// directions are ready.
    fn poll_places(
        &mut self,
        waiter: &mut Waiter<'_, H>,
        places: Range<usize>,
        until: Until,
    ) -> usize;

    /// Waits alternately for the descriptors outside the array and for what is in it: neither libc
    /// nor the host can wait for what the other one knows.
    fn wait(&mut self, waiter: &mut Waiter<'_, H>, until: Until, round: u32);
}

/// Makes what waits for descriptors.
pub(super) type NewFdWait<H> = fn() -> Box<dyn FdWait<H>>;
