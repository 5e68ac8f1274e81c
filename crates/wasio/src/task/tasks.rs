//! The tasks of an executor that have not ended.
//!
//! A detached task is kept alive by the wakers of what it waits for, which it may own itself. This
//! list is how the executor finds it when the thread ends. It keeps a task until then that nobody can
//! wake any more.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use crate::errors::static_error;
use crate::portable::{Key, Slab};

/// A waker per task.
#[derive(Debug)]
pub(super) struct Tasks {
    wakers: RefCell<Slab<Option<Waker>>>,
    /// The number of places that are taken: `wake_all` empties the list.
    len: Cell<usize>,
}

/// A place in the list, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Entry {
    tasks: Rc<Tasks>,
    key: Key,
}

pin_project! {
    /// A future that is in the list until it is dropped.
    pub(super) struct Listed<F> {
        #[pin]
        future: F,
        _entry: Entry,
    }
}

impl Default for Tasks {
    fn default() -> Self {
        Self {
            wakers: RefCell::new(Slab::new()),
            len: Cell::new(0),
        }
    }
}

impl Tasks {
    /// A place for a task that is to be made.
    pub(super) fn reserve(self: &Rc<Self>) -> io::Result<Entry> {
        let full = "there are 2^31 tasks: await some";
        let key = self.wakers.borrow_mut().insert(None);
        let key = key.ok_or_else(|| static_error(io::ErrorKind::OutOfMemory, full))?;
        self.len.set(self.len.get() + 1);
        Ok(Entry {
            tasks: Rc::clone(self),
            key,
        })
    }

    /// Whether all tasks have ended.
    pub(super) fn is_empty(&self) -> bool {
        self.len.get() == 0
    }

    /// Fills the place of a task.
    pub(super) fn enter(&self, key: Key, waker: Waker) {
        if let Some(place) = self.wakers.borrow_mut().get_mut(key) {
            *place = Some(waker);
        }
    }

    pub(super) fn wake_all(&self) {
        let tasks = self.wakers.replace(Slab::new());
        let wakers = tasks.iter().filter_map(|(_, waker)| waker.as_ref());
        wakers.for_each(Waker::wake_by_ref);
    }
}

impl Entry {
    pub(super) fn key(&self) -> Key {
        self.key
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.tasks.len.set(self.tasks.len.get() - 1);
        let tasks = &mut self.tasks.wakers.borrow_mut();
        let waker = tasks.get_mut(self.key).and_then(Option::take);
        tasks.remove(self.key);
        // The task is being dropped, and so is not dropped by this.
        drop(waker);
    }
}

impl<F> Listed<F> {
    pub(super) fn new(future: F, entry: Entry) -> Self {
        Self {
            future,
            _entry: entry,
        }
    }
}

impl<F: Future> Future for Listed<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.poll(context)
    }
}
