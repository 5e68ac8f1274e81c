//! The 0.1 backend: the host is handed an array of subscriptions, hot ones first.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use super::abi::{self, Errno, Event, Subscription};
use super::backend::P1;
use super::host::Host;
use super::parker::Parker;
#[cfg(target_os = "wasi")]
use super::record::Record;
use super::wait;
use super::waiter::Wait;
use crate::RawDescriptor;
use crate::event::Readiness;
use crate::portable::hot_cold::{self, Heat, Warmth};
use crate::portable::{
    self, Backend, Config, Direction, Directions, Failure, Key, Report, Source, State, WaitCall,
    Waits,
};

/// A handle to a 0.1 selector.
pub(crate) type Selector<H> = portable::Selector<P1<H>>;

impl Source for u32 {
    fn descriptor(&self) -> Option<RawDescriptor> {
        RawDescriptor::try_from(*self).ok()
    }
}

impl<H: Host> Backend for P1<H> {
    const NAME: &'static str = "WASI 0.1";
    const CAN_SYNTHESIZE_WOULD_BLOCK: bool = true;
    const THREADS: bool = H::THREADS;

    type Source = u32;
    type Slot = Warmth;
    type Locked = Heat;
    type Wait = Wait;
    type Ready = Event;

    fn new(config: Config) -> io::Result<(Self, Wait)> {
        let backend = Self {
            host: H::default(),
            parker: Parker::new(),
            used_elsewhere: AtomicBool::new(false),
        };
        Ok((backend, Wait::new(config)))
    }

    fn now_ns(&self) -> u64 {
        self.host.now_ns()
    }

    fn source(&self, _: &mut State<Self>, descriptor: RawDescriptor) -> io::Result<(u32, Waits)> {
        let fd = u32::try_from(descriptor).map_err(|_| Errno::BADF)?;
        Ok((fd, waits_for(&self.host, fd)?))
    }

    #[inline]
    fn update(&self, wait: &mut Wait, state: &mut State<Self>) {
        let State {
            registrations,
            locked,
            ..
        } = state;
        let array = &mut wait.array;
        hot_cold::update(registrations, locked, array, |source, key, direction| {
            Some(Subscription::descriptor(source, key, direction))
        });
    }

    #[inline]
    fn wait(call: WaitCall<'_, Self>) -> io::Result<()> {
        wait::wait(call)
    }

    #[inline]
    fn report(&self, event: &Event) -> Option<Report> {
        let (key, direction) = event.target()?;
        let (readiness, failure) = if event.error == Errno::SUCCESS {
            (Readiness::ready(direction, event.is_hangup()), None)
        } else {
            failed(event, direction)
        };
        Some(Report {
            key,
            directions: Directions::one(direction),
            readiness,
            failure,
            record: record(event),
        })
    }

    fn refresh(heat: &Heat, slot: &mut Warmth) {
        heat.refresh(slot);
    }

    #[inline]
    fn warm(heat: &Heat, slot: &mut Warmth) -> bool {
        heat.warm(slot)
    }

    fn changed_during_wait(&self, _ends_wait: bool) -> io::Result<()> {
        if H::THREADS {
            self.used_elsewhere.store(true, Ordering::Relaxed);
            self.parker.unpark();
        }
        Ok(())
    }

    fn notify(&self) -> io::Result<()> {
        if H::THREADS {
            self.parker.unpark();
        }
        Ok(())
    }
}

/// What an event of the caller keeps of the host's.
#[cfg(target_os = "wasi")]
const fn record(event: &Event) -> Record {
    Record::of(event)
}

/// In the native tests events are of the native backend.
#[cfg(not(target_os = "wasi"))]
const fn record(_: &Event) -> crate::sys::Record {
    crate::sys::Record::Local
}

/// What an event with an error says.
#[cold]
#[inline(never)]
const fn failed(event: &Event, direction: Direction) -> (Readiness, Option<Failure>) {
    if event.error.is_refusal() {
        let readiness = Readiness::ready(direction, event.is_hangup());
        return (readiness, Some(Failure::Refused));
    }
    let failure = match event.error {
        Errno::BADF => Failure::Closed,
        Errno::ONE_WAY => Failure::OneWay,
        _ => Failure::Source,
    };
    (Readiness::FAILED, Some(failure))
}

/// Who waits for a descriptor, as far as can be told without waiting. Refuses what cannot be
/// registered.
pub(super) fn waits_for(host: &impl Host, fd: u32) -> io::Result<Waits> {
    match host.fdstat(fd)?.filetype {
        abi::DIRECTORY => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "descriptor {fd} is a directory, and no host waits for one: register a file, socket or stream"
            ),
        )),
        abi::REGULAR_FILE => Ok(Waits::AlwaysReady),
        abi::UNKNOWN if fd == 0 && is_writable_now(host, fd) => Ok(Waits::AlwaysReady),
        _ => Ok(Waits::Host),
    }
}

/// Tells `/dev/null` from a pipe as standard input: both are of unknown type on wasi-common, and
/// waiting to *read* the first traps the guest there. `/dev/null` and files are writable at once, a
/// pipe's read end never is.
fn is_writable_now(host: &impl Host, fd: u32) -> bool {
    let key = Key {
        index: 0,
        generation: 1,
    };
    let mut clock = Subscription::clock();
    clock.set_timeout_ns(1);
    let question = [clock, Subscription::descriptor(fd, key, Direction::Write)];
    let mut answers = [Event::ZERO; 2];
    let written = host.poll_oneoff(&question, &mut answers).unwrap_or(0);
    let ready = |event: &Event| !event.is_clock() && event.error == Errno::SUCCESS;
    answers[..written].iter().any(ready)
}
