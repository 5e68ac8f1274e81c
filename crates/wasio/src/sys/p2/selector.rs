//! The 0.2 backend: the host is handed an array of pollables, hot ones first.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::answers::MANY;
use super::backend::P2;
use super::descriptors::{fd_of, new_fd_wait};
use super::event::Ready;
use super::host::{Forget, Handle, Host};
use super::target::Target;
use super::wait;
use super::waiter::{NewFdWait, Wait};
use crate::RawDescriptor;
use crate::portable::hot_cold::{Heat, Warmth};
use crate::portable::{self, Backend, Config, Key, Report, Shared, State, WaitCall, Waits};
use crate::sys::poll_fd::PollFd;

/// A handle to a 0.2 selector.
pub(crate) type Selector<H> = portable::Selector<P2<H>>;

/// What is kept beside the registrations.
pub(crate) struct Locked<H: Host> {
    pub(super) heat: Heat,
    /// Makes what waits for descriptors, once there was one: a program without any is linked without
    /// that code, and without libc's `poll`.
    pub(super) new_fd_wait: Option<NewFdWait<H>>,
    /// Whether the selector is a fork.
    is_fork: bool,
}

impl<H: Host> Default for Locked<H> {
    fn default() -> Self {
        Self {
            heat: Heat::default(),
            new_fd_wait: None,
            is_fork: false,
        }
    }
}

impl<H: Host> fmt::Debug for Locked<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Locked")
            .field("heat", &self.heat)
            .finish_non_exhaustive()
    }
}

impl<H: Host> Backend for P2<H> {
    const NAME: &'static str = "WASI 0.2";
    const MANY_ANSWERS: usize = MANY;

    type Source = Target;
    type Slot = Warmth;
    type Locked = Locked<H>;
    type Wait = Box<Wait<H>>;
    type Ready = Ready;

    fn new(config: Config) -> io::Result<(Self, Self::Wait)> {
        let host = H::default();
        Ok((Self { host }, Box::new(Wait::new(config))))
    }

    fn now_ns(&self) -> u64 {
        self.host.now_ns()
    }

    fn source(
        &self,
        state: &mut State<Self>,
        descriptor: RawDescriptor,
    ) -> io::Result<(Target, Waits)> {
        check_open(&self.host, descriptor)?;
        state.locked.new_fd_wait = Some(new_fd_wait);
        // The next update decides who waits for it.
        Ok((Target::Descriptor(descriptor), Waits::Elsewhere))
    }

    fn update(&self, wait: &mut Self::Wait, state: &mut State<Self>) {
        wait.update(&self.host, state);
    }

    fn wait(call: WaitCall<'_, Self>) -> io::Result<()> {
        wait::wait(call);
        Ok(())
    }

    fn report(&self, ready: &Ready) -> Option<Report> {
        Some(ready.report())
    }

    fn refresh(locked: &Locked<H>, slot: &mut Warmth) {
        locked.heat.refresh(slot);
    }

    fn warm(locked: &Locked<H>, slot: &mut Warmth) -> bool {
        locked.heat.warm(slot)
    }

    fn fork_locked(locked: &Locked<H>) -> Locked<H> {
        Locked {
            new_fd_wait: locked.new_fd_wait,
            is_fork: true,
            ..Locked::default()
        }
    }

    fn forked(fork: &Arc<Shared<Self>>) {
        let weak = Arc::downgrade(fork);
        fork.backend.host.forked(weak);
    }
}

impl<H: Host> State<P2<H>> {
    /// Of the sources that are reported, wasio has read ahead of some. When the program has taken that,
    /// only the selector that the source is registered with learns it: so a fork reports it once.
    pub(super) fn were_reported(&mut self, ready: &[Ready]) {
        if !self.locked.is_fork {
            return;
        }
        for one in ready {
            if let Some(mut changed) = self.registrations.get_mut(one.key)
                && let target = changed.registration.source
                && target.is_ahead(one.direction)
            {
                changed.set_source(target.with_read_ahead(false));
            }
        }
    }
}

impl<H: Host> Forget for Shared<P2<H>> {
    fn forget(&self, handle: Handle) {
        let registrations = &mut self.lock().registrations;
        let keys: Vec<Key> = registrations
            .iter()
            .filter(|(_, one)| one.source.names(handle))
            .map(|(key, _)| key)
            .collect();
        for key in keys {
            registrations.deregister(key);
        }
    }
}

/// Refuses a descriptor that libc does not know.
fn check_open(host: &impl Host, descriptor: RawDescriptor) -> io::Result<()> {
    let fd = fd_of(descriptor);
    let mut fds = [PollFd {
        fd,
        events: 0,
        revents: 0,
    }];
    host.poll_fds(&mut fds, 0)?;
    if fd < 0 || fds[0].revents & PollFd::POLLNVAL != 0 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("descriptor {descriptor} is not open: register it before it is closed"),
        ));
    }
    Ok(())
}
