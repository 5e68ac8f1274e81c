//! The state that the threads of a guest share with the code that started it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use wasmtime46::SharedMemory;

use crate::run::cpu_meter::CpuMeter;
use crate::run::exit::Exit;

/// More fuel than any guest uses, yet far from overflow.
pub(crate) const FUEL: u64 = u64::MAX / 4;

/// What runs the guest.
#[derive(Debug)]
pub(crate) enum Engine {
    On46(wasmtime46::Engine),
    On48(wasmtime::Engine),
}

impl Engine {
    fn increment_epoch(&self) {
        match self {
            Self::On46(engine) => engine.increment_epoch(),
            Self::On48(engine) => engine.increment_epoch(),
        }
    }
}

/// The state of one running guest.
#[derive(Debug)]
pub(crate) struct GuestState {
    engine: Engine,
    pub(crate) fuel_is_on: bool,
    pub(crate) cpu: CpuMeter,
    shared_memory: OnceLock<SharedMemory>,
    memory_bytes: AtomicUsize,
    fuel: AtomicU64,
    resources: OnceLock<usize>,
    host_calls: AtomicU64,
    live_resources: LiveResources,
    stopping: AtomicBool,
    stop_requested: Notify,
    end: Mutex<End>,
    changed: Condvar,
}

/// The number of resources of a running guest. Only the guest's thread can count them, so it does
/// that in a host call after somebody has asked.
#[derive(Debug, Default)]
struct LiveResources {
    is_wanted: AtomicBool,
    count: AtomicUsize,
}

#[derive(Debug, Default)]
struct End {
    /// How the guest ended. Set by the first thread that exits or traps.
    exit: Option<Exit>,
    /// Whether the main thread has dropped its store, which closes the guest's sockets.
    main_thread_ended: bool,
}

impl GuestState {
    pub(crate) fn new(engine: Engine, fuel_is_on: bool) -> Self {
        Self {
            engine,
            fuel_is_on,
            cpu: CpuMeter::default(),
            shared_memory: OnceLock::new(),
            memory_bytes: AtomicUsize::new(0),
            fuel: AtomicU64::new(0),
            resources: OnceLock::new(),
            host_calls: AtomicU64::new(0),
            live_resources: LiveResources::default(),
            stopping: AtomicBool::new(false),
            stop_requested: Notify::new(),
            end: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Whether the guest's threads are to trap.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Converts the fuel that is left in a store to the fuel that was used.
    pub(crate) fn fuel_used(&self, left: Option<u64>) -> u64 {
        left.map_or(0, |left| FUEL.saturating_sub(left))
    }

    /// Adds the fuel of a thread that is ending, by what is left in its store.
    pub(crate) fn add_fuel(&self, left: Option<u64>) {
        if self.fuel_is_on {
            self.fuel.fetch_add(self.fuel_used(left), Ordering::SeqCst);
        }
    }

    /// The fuel of all threads that have ended, or `None` if fuel is off.
    pub(crate) fn fuel(&self) -> Option<u64> {
        self.fuel_is_on.then(|| self.fuel.load(Ordering::SeqCst))
    }

    pub(crate) fn set_shared_memory(&self, memory: SharedMemory) {
        // Only the first memory counts: it has the heap.
        let _ = self.shared_memory.set(memory);
    }

    /// The size of the guest's memory. It never shrinks.
    pub(crate) fn memory_bytes(&self) -> usize {
        match self.shared_memory.get() {
            Some(memory) => memory.data_size(),
            None => self.memory_bytes.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn record_memory(&self, bytes: usize) {
        self.memory_bytes.fetch_max(bytes, Ordering::Relaxed);
    }

    /// Sets how many resources the host still kept for the guest when it ended.
    pub(crate) fn set_resources(&self, count: usize) {
        // It cannot be set already: a component runs once.
        let _ = self.resources.set(count);
    }

    pub(crate) fn resources(&self) -> Option<usize> {
        self.resources.get().copied()
    }

    /// Counts a host call of the guest.
    pub(crate) fn count_call(&self) {
        self.host_calls.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn host_calls(&self) -> u64 {
        self.host_calls.load(Ordering::Relaxed)
    }

    /// Counts a host call of a component, and its resources if that is wanted.
    pub(crate) fn count_call_and(&self, resources: impl FnOnce() -> usize) {
        self.count_call();
        if self.live_resources.is_wanted.load(Ordering::Relaxed) {
            self.live_resources
                .is_wanted
                .store(false, Ordering::Relaxed);
            self.live_resources
                .count
                .store(resources(), Ordering::Relaxed);
        }
    }

    /// How many resources the guest had when this was last called, and a call to the host followed.
    pub(crate) fn live_resources(&self) -> usize {
        self.live_resources.is_wanted.store(true, Ordering::Relaxed);
        self.live_resources.count.load(Ordering::Relaxed)
    }

    /// Makes the guest's threads trap as soon as they run guest code.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.engine.increment_epoch();
        self.stop_requested.notify_one();
    }

    /// Returns once the guest is to stop. Only one thread may wait for this.
    pub(crate) async fn stop_requested(&self) {
        self.stop_requested.notified().await;
    }

    /// Records that a thread has ended the whole guest, and stops the others.
    pub(crate) fn finish(&self, exit: Exit) {
        let mut end = self.lock();
        if end.exit.is_none() {
            end.exit = Some(exit);
        }
        self.changed.notify_all();
        drop(end);
        self.stop();
    }

    pub(crate) fn main_thread_ended(&self) {
        self.lock().main_thread_ended = true;
        self.changed.notify_all();
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.lock().exit.is_some()
    }

    /// Waits until a thread has ended the guest.
    pub(crate) fn wait_for_exit(&self, timeout: Duration) -> Option<Exit> {
        self.wait_until(timeout, |end| end.exit.is_some())
            .exit
            .clone()
    }

    /// Waits until the main thread has closed its descriptors.
    pub(crate) fn wait_for_main_thread(&self, timeout: Duration) -> bool {
        self.wait_until(timeout, |end| end.main_thread_ended)
            .main_thread_ended
    }

    fn wait_until(&self, timeout: Duration, done: impl Fn(&End) -> bool) -> MutexGuard<'_, End> {
        let start = Instant::now();
        let mut end = self.lock();
        while !done(&end) {
            let Some(left) = timeout.checked_sub(start.elapsed()) else {
                break;
            };
            end = self
                .changed
                .wait_timeout(end, left)
                .unwrap_or_else(|error| error.into_inner())
                .0;
        }
        end
    }

    fn lock(&self) -> MutexGuard<'_, End> {
        self.end.lock().unwrap_or_else(|error| error.into_inner())
    }
}
