//! An executor of one thread.

use std::cell::{OnceCell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake};
use std::time::Duration;

use async_task::Runnable;

use super::budget::with_budget;
use super::tasks::{Listed, Tasks};
use crate::Events;
use crate::errors::static_error;
use crate::lock::Lock;
#[cfg(not(wasio_threads))]
use crate::sys;

/// Runs a future to its end, and the tasks that [`spawn`] has made for this thread with it.
///
/// Between the steps of the futures the thread waits in one poll, for all that they wait for. A task
/// that has done 128 operations in a row without waiting runs again after the others.
///
/// # Errors
///
/// * [`ResourceBusy`](io::ErrorKind::ResourceBusy): this thread is in `block_on` already.
/// * [`InvalidInput`](io::ErrorKind::InvalidInput): the future waits, and there is nothing that
///   could wake it (on WASI without threads).
/// * The host's error, if it cannot wait or the poll cannot be made.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::time::Duration;
/// use wasio::task;
///
/// let sum = task::block_on(async {
///     let slow = task::spawn(async {
///         task::sleep(Duration::from_millis(5)).await?;
///         Ok::<_, std::io::Error>(40)
///     })?;
///     slow.await.map(|part| part + 2)
/// })??;
/// assert_eq!(sum, 42);
/// # Ok(())
/// # }
/// ```
pub fn block_on<F: Future>(future: F) -> io::Result<F::Output> {
    executor()?.block_on(future)
}

/// Makes a task of a future, which [`block_on`] runs on this thread: now, if this thread is in it,
/// and otherwise as soon as it is.
///
/// # Errors
///
/// * That of the poll, if this is the first call of this thread and it cannot be made.
/// * [`Unsupported`](io::ErrorKind::Unsupported): the thread is ending. Its tasks are dropped then,
///   detached ones too.
///
/// # Examples
///
/// See [`block_on`].
pub fn spawn<F>(future: F) -> io::Result<Task<F::Output>>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let executor = executor()?;
    let queue = Arc::clone(&executor.queue);
    let entry = executor.tasks.reserve()?;
    let key = entry.key();
    let (runnable, task) = async_task::spawn_local(Listed::new(future, entry), move |runnable| {
        queue.push(runnable)
    });
    executor.tasks.enter(key, runnable.waker());
    runnable.schedule();
    Ok(Task(task))
}

/// A task that [`spawn`] has made: a future of what its future returns.
///
/// Dropping it cancels the task. [`detach`](Self::detach) lets it run on.
///
/// # Panics
///
/// Awaiting it panics if the task has panicked, or if the thread that was to run it has ended.
#[must_use = "a task that is dropped is cancelled: `detach` lets it run on"]
pub struct Task<T>(async_task::Task<T>);

impl<T> Task<T> {
    /// Lets the task run to its end by itself.
    pub fn detach(self) {
        self.0.detach();
    }

    /// Cancels the task and waits until its future is dropped. Returns what it returned, if it had
    /// ended.
    pub async fn cancel(self) -> Option<T> {
        self.0.cancel().await
    }

    /// Whether the task has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }
}

impl<T> Future for Task<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let finished = self.is_finished();
        f.debug_struct("Task").field("finished", &finished).finish()
    }
}

thread_local! {
    static EXECUTOR: OnceCell<Rc<Executor>> = const { OnceCell::new() };
}

/// What one thread runs its tasks with.
struct Executor {
    poll: RefCell<(crate::Poll, Events)>,
    queue: Arc<Queue>,
    /// Those that have not ended.
    tasks: Rc<Tasks>,
}

/// The tasks that are to run. Other threads may add to it.
struct Queue {
    runnables: Lock<VecDeque<Runnable>>,
    #[cfg(wasio_threads)]
    remote: Remote,
}

/// How other threads end the wait of this one.
#[cfg(wasio_threads)]
struct Remote {
    thread: std::thread::ThreadId,
    /// `None` once the executor is gone: with a waker the poll's descriptors would stay.
    waker: Lock<Option<crate::Waker>>,
}

/// Whether the future of `block_on` is to run.
struct Main {
    is_woken: AtomicBool,
    queue: Arc<Queue>,
}

fn executor() -> io::Result<Rc<Executor>> {
    let get = |executor: &OnceCell<Rc<Executor>>| match executor.get() {
        Some(executor) => Ok(Rc::clone(executor)),
        None => {
            let made = Rc::new(Executor::new()?);
            Ok(Rc::clone(executor.get_or_init(|| made)))
        }
    };
    EXECUTOR.try_with(get).unwrap_or_else(|_| Err(is_ending()))
}

/// The selector that `block_on` waits in on this thread.
#[cfg(not(wasio_threads))]
pub(super) fn selector() -> io::Result<sys::Selector> {
    let executor = executor()?;
    let selector = executor
        .poll
        .borrow()
        .0
        .registry()
        .selector()
        .inner()
        .clone();
    Ok(selector)
}

impl Executor {
    fn new() -> io::Result<Self> {
        let poll = crate::Poll::new()?;
        // This thread waits in it only in `block_on`.
        super::polls::left(poll.registry().selector().inner());
        let queue = Arc::new(Queue {
            runnables: Lock::default(),
            #[cfg(wasio_threads)]
            remote: Remote::new(&poll)?,
        });
        let poll = RefCell::new((poll, Events::with_capacity(super::polls::EVENTS)));
        Ok(Self {
            poll,
            queue,
            tasks: Rc::default(),
        })
    }

    fn block_on<F: Future>(&self, future: F) -> io::Result<F::Output> {
        let mut poll = self.poll.try_borrow_mut().map_err(|_| already_blocking())?;
        let (poll, events) = &mut *poll;
        let _left = super::polls::Entered::new(poll.registry().selector().inner());
        let mut future = pin!(future);
        let main = Arc::new(Main {
            is_woken: AtomicBool::new(true),
            queue: Arc::clone(&self.queue),
        });
        let waker = Arc::clone(&main).into();
        let mut context = Context::from_waker(&waker);
        loop {
            if main.is_woken.swap(false, Ordering::Acquire)
                && let Poll::Ready(output) = with_budget(|| future.as_mut().poll(&mut context))
            {
                return Ok(output);
            }
            self.queue.run_all();
            let is_busy = main.is_woken.load(Ordering::Relaxed) || !self.queue.is_empty();
            poll.poll(events, is_busy.then_some(Duration::ZERO))?;
        }
    }
}

impl Drop for Executor {
    /// The thread ends, and nobody can run its tasks any more: they go, with what they hold.
    fn drop(&mut self) {
        self.tasks.wake_all();
        loop {
            // What goes may wake others.
            while let Some(runnable) = self.queue.pop() {
                drop(runnable);
            }
            if !cfg!(wasio_threads) || self.tasks.is_empty() {
                break;
            }
            // Another thread is waking a task, and is about to put it into the queue.
            std::thread::yield_now();
        }
        #[cfg(wasio_threads)]
        drop(self.queue.remote.waker.lock().take());
    }
}

#[cfg(wasio_threads)]
impl Remote {
    fn new(poll: &crate::Poll) -> io::Result<Self> {
        // The token is that of an event that nobody asks for.
        let waker = crate::Waker::new(poll.registry(), crate::Token(0))?;
        let thread = std::thread::current().id();
        Ok(Self {
            thread,
            waker: Lock::new(Some(waker)),
        })
    }
}

impl Queue {
    fn push(&self, runnable: Runnable) {
        let was_empty = {
            let mut runnables = self.runnables.lock();
            runnables.push_back(runnable);
            runnables.len() == 1
        };
        if was_empty {
            self.wake();
        }
    }

    /// Has the thread see what is to run. The thread itself sees it before it waits.
    fn wake(&self) {
        #[cfg(wasio_threads)]
        if std::thread::current().id() != self.remote.thread
            && let Some(waker) = &*self.remote.waker.lock()
        {
            // An error would be that of a poll that is gone, and with it what would run.
            let _ = waker.wake();
        }
    }

    fn is_empty(&self) -> bool {
        self.runnables.lock().is_empty()
    }

    /// Runs what is there now. What that wakes runs after the next poll.
    fn run_all(&self) {
        let count = self.runnables.lock().len();
        for _ in 0..count {
            let Some(runnable) = self.pop() else {
                return;
            };
            with_budget(|| runnable.run());
        }
    }

    fn pop(&self) -> Option<Runnable> {
        self.runnables.lock().pop_front()
    }
}

impl Wake for Main {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_woken.swap(true, Ordering::Release) {
            self.queue.wake();
        }
    }
}

fn is_ending() -> io::Error {
    static_error(
        io::ErrorKind::Unsupported,
        "this thread is ending and runs no more tasks: spawn them from another thread",
    )
}

fn already_blocking() -> io::Error {
    static_error(
        io::ErrorKind::ResourceBusy,
        "this thread is in `block_on` already: await the future there, or `spawn` it",
    )
}
