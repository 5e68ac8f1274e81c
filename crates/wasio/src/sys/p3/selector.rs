//! The 0.3 backend: a wait is for the operations that are in flight, and costs what has ended.
//!
//! The sources keep an operation in flight in each direction that is not ready. So there is nothing
//! to do for what is armed but to find out whether it is ready already.

use std::io;

use super::backend::P3;
use super::bindings::monotonic_clock;
use super::descriptors::{self, NewFds};
use super::event::Ready;
use super::signals;
use super::target::Target;
use super::wait::{self, Wait};
use crate::portable::{self, Backend, Config, Key, Registrations, Report, State, WaitCall, Waits};
use crate::{Mode, RawDescriptor};

/// A handle to a 0.3 selector.
pub(crate) type Selector = portable::Selector<P3>;

/// What is kept beside the registrations.
#[derive(Debug, Default)]
pub(crate) struct Locked {
    /// Makes what waits for descriptors, once there was one: a program without any is linked without
    /// that code, and without libc's `poll`.
    pub(super) new_fds: Option<NewFds>,
}

impl Backend for P3 {
    const NAME: &'static str = "WASI 0.3";
    // wasmtime answers 128 calls until the guest is suspended. An event leads to about four.
    const MANY_ANSWERS: usize = 8;

    const CAN_SYNTHESIZE_WOULD_BLOCK: bool = true;

    /// A descriptor is of WASI 0.2, where only a read that finds nothing shows that there is nothing.
    fn can_synthesize(source: &Target) -> bool {
        matches!(source, Target::Signal(_))
    }

    type Source = Target;
    type Slot = ();
    type Locked = Locked;
    type Wait = Box<Wait>;
    type Ready = Ready;

    /// The bounds of hot and cold have no use here: a wait costs what has ended.
    fn new(_: Config) -> io::Result<(Self, Self::Wait)> {
        Ok((Self::new(), Box::new(Wait::new())))
    }

    fn fork(&self, _: Config) -> io::Result<(Self, Self::Wait)> {
        Ok((Self::fork(), Box::new(Wait::new())))
    }

    fn now_ns(&self) -> u64 {
        monotonic_clock::now()
    }

    fn source(
        &self,
        state: &mut State<Self>,
        descriptor: RawDescriptor,
    ) -> io::Result<(Target, Waits)> {
        descriptors::check_open(descriptor)?;
        state.locked.new_fds = Some(descriptors::new_fds);
        Ok((Target::Descriptor(descriptor), Waits::Elsewhere))
    }

    fn register(&self, state: &mut State<Self>, key: Key) -> io::Result<()> {
        let one = state.registrations.get(key);
        if let Some(Target::Signal(signal)) = one.map(|one| one.source) {
            signals::watch(signal, self.id, key);
        }
        self.rearmed(&state.registrations, key);
        Ok(())
    }

    fn reregister(&self, state: &mut State<Self>, key: Key, _old: Mode) -> io::Result<()> {
        self.rearmed(&state.registrations, key);
        Ok(())
    }

    fn deregister(&self, source: Target, _: Waits) {
        if let Target::Signal(signal) = source {
            signals::unwatch(signal, self.id);
        }
    }

    /// What is ready already is in the queue from here on.
    fn rearmed(&self, registrations: &Registrations<Target, ()>, key: Key) {
        if let Some(one) = registrations.get(key)
            && let Target::Signal(signal) = one.source
        {
            signals::armed(signal, self.id, one.armed);
        }
    }

    /// Everything is up to date already, but for the descriptors.
    fn update(&self, wait: &mut Self::Wait, state: &mut State<Self>) {
        while state.registrations.next_change().is_some() {}
        wait.update(state);
    }

    fn wait(call: WaitCall<'_, Self>) -> io::Result<()> {
        wait::wait(call)
    }

    fn report(&self, ready: &Ready) -> Option<Report> {
        Some(ready.report())
    }

    fn fork_locked(locked: &Locked) -> Locked {
        Locked {
            new_fds: locked.new_fds,
        }
    }
}
