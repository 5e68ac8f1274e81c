//! A target with threads: what another thread does during a wait. In virtual time the
//! other thread is a step of the script; where the selector parks, time is real.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use super::super::abi::{Errno, Event, Fdstat, SOCKET_STREAM, Subscription};
use super::super::host::Host;
use super::super::selector::Selector;
use super::host::{Happening, Kind, MS, Threaded};
use super::rig::{READ, Rig, readable};
use super::rules::{EXACT, Rules, WASI_COMMON};
use crate::io_outcome::IoOutcome;
use crate::portable::{Config, Direction, Expiry};
use crate::{Events, Mode, Token};

fn rig(rules: Rules) -> Rig<Threaded> {
    let mut rig = Rig::with_config(rules, Config::DEFAULT);
    rig.warm_up();
    // A handle of another thread: what it does is then seen within 10 ms.
    rig.selector.retain();
    rig
}

/// Runs `action` in "another thread" after `delay_ns` of the next wait.
fn meanwhile(
    rig: &Rig<Threaded>,
    delay_ns: u64,
    action: impl FnOnce(Selector<Threaded>) + Send + 'static,
) {
    let selector = rig.selector.clone();
    let run = Happening::Run(Box::new(move || action(selector)));
    rig.world().after(delay_ns, run);
}

#[test]
fn a_wake_during_a_wait_is_seen_within_a_slice() {
    for rules in [EXACT, WASI_COMMON] {
        for delay_ns in [0, 300_000, 5 * MS, 400 * MS] {
            let mut rig = rig(rules);
            rig.stream(3);
            rig.stream(4);
            rig.selector.set_waker(Token(7)).unwrap();
            meanwhile(&rig, delay_ns, |selector| selector.wake().unwrap());
            let before_ns = rig.world().now_ns;
            assert_eq!(rig.try_select(None).unwrap(), readable(&[7]));
            let elapsed_ns = rig.world().now_ns - before_ns;
            assert!(
                (delay_ns..delay_ns + 11 * MS).contains(&elapsed_ns),
                "{elapsed_ns}"
            );
        }
    }
}

#[test]
fn a_source_registered_during_a_wait_is_seen_within_a_slice() {
    let mut rig = rig(EXACT);
    rig.stream(3);
    rig.world().open(4, Kind::Stream);
    rig.arrive(4, 5);
    meanwhile(&rig, 100 * MS, |selector| {
        selector.register(4, Token(4), READ, Mode::Edge).unwrap();
    });
    let before_ns = rig.world().now_ns;
    assert_eq!(rig.try_select(None).unwrap(), readable(&[4]));
    assert!(rig.world().now_ns - before_ns < 111 * MS);
}

#[test]
fn a_source_armed_during_a_wait_is_seen_within_a_slice() {
    let mut rig = rig(EXACT);
    rig.stream(3);
    let key = rig.stream(4);
    rig.arrive(4, 5);
    assert_eq!(rig.select(10), readable(&[4]));
    meanwhile(&rig, 50 * MS, move |selector| {
        selector.after_io(key, Direction::Read, IoOutcome::WouldBlock);
    });
    let before_ns = rig.world().now_ns;
    assert_eq!(rig.try_select(None).unwrap(), readable(&[4]));
    assert!(rig.world().now_ns - before_ns < 61 * MS);
}

#[test]
fn a_timer_set_during_a_wait_fires_in_time() {
    let mut rig = rig(EXACT);
    rig.stream(3);
    let key = rig.selector.register_timer(Token(9), None).unwrap();
    meanwhile(&rig, 50 * MS, move |selector| {
        let expiry = Expiry {
            deadline_ns: selector.now_ns() + 20 * MS,
            period_ns: 0,
        };
        selector.set_timer(key, Some(expiry)).unwrap();
    });
    let before_ns = rig.world().now_ns;
    assert_eq!(rig.try_select(None).unwrap(), readable(&[9]));
    let elapsed_ns = rig.world().now_ns - before_ns;
    assert!((70 * MS..82 * MS).contains(&elapsed_ns), "{elapsed_ns}");
}

/// What the host says of a source that is gone when its wait ends reaches nobody.
#[test]
fn a_source_deregistered_during_a_wait_is_not_reported() {
    let mut rig = rig(EXACT);
    let key = rig.stream(3);
    rig.stream(4);
    rig.arrive(3, 0);
    meanwhile(&rig, MS, move |selector| {
        selector.deregister(key).unwrap();
        let again = selector.register(3, Token(33), READ, Mode::Edge).unwrap();
        assert_ne!(again, key);
    });
    rig.world().after(MS, Happening::Bytes(3, 5));
    // The old registration's event, in the same call, is dropped; the new one has its own.
    assert_eq!(rig.select(100), readable(&[33]));
    assert_eq!(rig.select(20), []);
}

/// While nobody else is known, slices are long and double: 50, 100, 200, 400 ms, and 1 s.
#[test]
fn an_idle_wait_that_nobody_shares_makes_few_calls() {
    let mut rig = unshared();
    let (said, calls) = rig.calls(|rig| rig.select(10_000));
    assert_eq!(said, []);
    assert!((10..=16).contains(&calls.len()), "{} calls", calls.len());
}

/// Through a shared reference, which nobody counts: it is seen after as long as it had been
/// quiet, and a second at most. From then on, within 10 ms.
#[test]
fn what_another_thread_does_for_the_first_time_is_seen_within_a_longer_slice() {
    for (delay_ms, most_ms) in [(20, 60), (100, 160), (5_000, 6_100)] {
        let mut rig = unshared();
        rig.world().open(5, Kind::Stream);
        rig.world().open(6, Kind::Stream);
        rig.arrive(5, 1);
        rig.arrive(6, 1);
        meanwhile(&rig, delay_ms * MS, |selector| {
            selector.register(5, Token(5), READ, Mode::Edge).unwrap();
        });
        let before_ns = rig.world().now_ns;
        assert_eq!(rig.try_select(None).unwrap(), readable(&[5]));
        let elapsed_ns = rig.world().now_ns - before_ns;
        assert!(
            (delay_ms * MS..most_ms * MS).contains(&elapsed_ns),
            "{elapsed_ns}"
        );
        meanwhile(&rig, delay_ms * MS, |selector| {
            selector.register(6, Token(6), READ, Mode::Edge).unwrap();
        });
        let before_ns = rig.world().now_ns;
        assert_eq!(rig.try_select(None).unwrap(), readable(&[6]));
        assert!(rig.world().now_ns - before_ns < (delay_ms + 11) * MS);
    }
}

/// A handle may be the waiting thread's own: slices grow once nothing has happened for a second,
/// over many polls too, and become short again when a source is ready, or another thread shows itself.
#[test]
fn a_handle_that_nobody_uses_costs_five_calls_a_second() {
    let mut rig = unshared();
    rig.selector.retain();
    let (said, calls) = rig.calls(|rig| rig.select(1_000));
    assert_eq!(said, []);
    assert!((100..=120).contains(&calls.len()), "{} calls", calls.len());
    let (said, calls) = rig.calls(|rig| {
        let mut said = rig.select(5_000);
        (0..100).for_each(|_| said.extend(rig.select(50)));
        said
    });
    assert_eq!(said, []);
    assert!((125..=140).contains(&calls.len()), "{} calls", calls.len());

    rig.world().open(5, Kind::Stream);
    rig.arrive(5, 1);
    let register = |selector: Selector<Threaded>| {
        selector.register(5, Token(5), READ, Mode::Edge).unwrap();
    };
    let before_ns = rig.world().now_ns;
    meanwhile(&rig, 250 * MS, register);
    assert_eq!(rig.try_select(None).unwrap(), readable(&[5]));
    let elapsed_ns = rig.world().now_ns - before_ns;
    assert!((250 * MS..451 * MS).contains(&elapsed_ns), "{elapsed_ns}");
    let (said, calls) = rig.calls(|rig| rig.select(5_000));
    assert_eq!(said, []);
    assert!((500..=520).contains(&calls.len()), "{} calls", calls.len());
}

/// A selector that waits for two streams, of which no other thread holds a handle.
fn unshared() -> Rig<Threaded> {
    let mut rig = Rig::with_config(EXACT, Config::DEFAULT);
    rig.warm_up();
    rig.stream(3);
    rig.stream(4);
    rig
}

/// A clock that is real, and no descriptors to speak of.
struct Real(Instant);

impl Default for Real {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Host for Real {
    const THREADS: bool = true;

    fn poll_oneoff(&self, _: &[Subscription], _: &mut [Event]) -> Result<usize, Errno> {
        panic!("with no descriptors the selector parks");
    }

    fn now_ns(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap()
    }

    fn fdstat(&self, _: u32) -> Result<Fdstat, Errno> {
        Ok(Fdstat::new(SOCKET_STREAM, 0))
    }
}

/// Far more than any test here takes, and far less than a test may hang.
const LONG: Duration = Duration::from_secs(20);

#[test]
fn a_wake_ends_a_wait_with_no_descriptors_at_once() {
    let selector = Selector::<Real>::new(Config::DEFAULT).unwrap();
    selector.set_waker(Token(7)).unwrap();
    let mut events = Events::with_capacity(4);
    let start = Instant::now();
    let wakes = 1_000;
    std::thread::scope(|scope| {
        let (sender, receiver) = std::sync::mpsc::channel();
        let other = selector.clone();
        scope.spawn(move || {
            for () in receiver {
                other.wake().unwrap();
            }
        });
        for _ in 0..wakes {
            sender.send(()).unwrap();
            events.clear();
            selector.select(&mut events, Some(LONG)).unwrap();
            assert_eq!(events.iter().count(), 1, "a wake was lost");
        }
        drop(sender);
    });
    assert!(start.elapsed() < LONG);
}

#[test]
fn a_wait_with_no_descriptors_ends_in_time() {
    let selector = Selector::<Real>::new(Config::DEFAULT).unwrap();
    let mut events = Events::with_capacity(4);
    let timeout = Duration::from_millis(15);
    let start = Instant::now();
    selector.select(&mut events, Some(timeout)).unwrap();
    let elapsed = start.elapsed();
    assert!(elapsed >= timeout, "early: {elapsed:?}");
    assert!(elapsed < LONG, "late: {elapsed:?}");
}

#[test]
fn a_timer_set_by_another_thread_ends_a_wait_with_no_descriptors() {
    let selector = Selector::<Real>::new(Config::DEFAULT).unwrap();
    let key = selector.register_timer(Token(9), None).unwrap();
    let mut events = Events::with_capacity(4);
    std::thread::scope(|scope| {
        let other = selector.clone();
        scope.spawn(move || {
            let expiry = Expiry {
                deadline_ns: other.now_ns() + 3 * MS,
                period_ns: 0,
            };
            other.set_timer(key, Some(expiry)).unwrap();
        });
        selector.select(&mut events, Some(LONG)).unwrap();
    });
    assert_eq!(
        events.iter().next().map(crate::event::Event::token),
        Some(Token(9))
    );
}

#[test]
fn a_wait_for_nothing_ends_with_what_another_thread_registers_or_with_its_handle() {
    let selector = Selector::<Real>::new(Config::DEFAULT).unwrap();
    selector.retain();
    let mut events = Events::with_capacity(4);
    for registers in [false, true] {
        selector.retain();
        let other = selector.clone();
        let thread = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            if registers {
                let expiry = Expiry {
                    deadline_ns: other.now_ns(),
                    period_ns: 0,
                };
                other.register_timer(Token(5), Some(expiry)).unwrap();
            }
            other.release();
        });
        events.clear();
        let result = selector.select(&mut events, None);
        thread.join().unwrap();
        if registers {
            result.unwrap();
            assert_eq!(events.iter().next().unwrap().token(), Token(5));
        } else {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidInput);
        }
    }
}

/// Between the update and the call. The call then fails for a descriptor that is no longer open.
#[test]
fn a_source_that_another_thread_drops_as_the_wait_begins_fails_nobody() {
    for others in [1, 3, 40] {
        let mut rig = rig(WASI_COMMON);
        let key = rig.stream(3);
        for fd in 4..4 + others {
            rig.stream(fd);
        }
        assert_eq!(rig.select(5), []);
        let (selector, world) = (rig.selector.clone(), rig.world.clone());
        let drops = move || {
            selector.deregister(key).unwrap();
            world.lock().fds.remove(&3);
        };
        rig.world().before_call = Some(Box::new(drops));
        let before_ns = rig.world().now_ns;
        let said = rig.try_select(Some(Duration::from_millis(20)));
        assert_eq!(said.unwrap(), [], "{others} others");
        assert!(rig.world().now_ns - before_ns >= 20 * MS);
    }
}
