use std::fmt;
use std::slice;

use super::{Event, Readiness};
use crate::Token;
use crate::portable::Key;
use crate::sys;

/// A buffer of events, filled by [`Poll::poll`](crate::Poll::poll).
///
/// The buffer is allocated once and does not grow. Events that do not fit are kept, and returned by
/// one of the next polls.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::time::Duration;
/// use wasio::{Events, Poll};
///
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(1024);
/// poll.poll(&mut events, Some(Duration::from_millis(1)))?;
/// assert!(events.is_empty());
/// for event in &events {
///     println!("{:?} is readable: {}", event.token(), event.is_readable());
/// }
/// # Ok(())
/// # }
/// ```
pub struct Events {
    list: Vec<Event>,
}

impl Events {
    /// Creates a buffer for up to `capacity` events per poll.
    ///
    /// A capacity of 0 is accepted here, but [`Poll::poll`](crate::Poll::poll) fails with
    /// [`InvalidInput`](std::io::ErrorKind::InvalidInput), because it could never report anything.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            list: Vec::with_capacity(capacity),
        }
    }

    /// Returns the largest number of events that one poll can return.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.list.capacity()
    }

    /// Whether the last poll returned no event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Iterates over the events of the last poll.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter {
            inner: self.list.iter(),
        }
    }

    /// Removes all events. [`Poll::poll`](crate::Poll::poll) does so at its start.
    pub fn clear(&mut self) {
        self.list.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.list.len() == self.list.capacity()
    }

    /// Merges `readiness` into the event of the source `key`, or adds one.
    ///
    /// `hint` is the index at which the source may already have an event. Returns the index for the
    /// next call, or `None` if there was no room.
    pub(crate) fn merge(
        &mut self,
        hint: u32,
        key: Key,
        token: Token,
        readiness: Readiness,
        record: sys::Record,
    ) -> Option<u32> {
        if let Some(event) = self.list.get_mut(hint as usize)
            && event.key == key
        {
            event.readiness = event.readiness.with(readiness);
            return Some(hint);
        }
        self.push(key, token, readiness, record)
    }

    /// Whether the source `key` has an event; `hint` as for [`merge`](Self::merge).
    pub(crate) fn has(&self, hint: u32, key: Key) -> bool {
        let event = self.list.get(hint as usize);
        event.is_some_and(|event| event.key == key)
    }

    /// Adds an event for a source that has none yet. Returns its index, or `None` if there was no
    /// room.
    pub(crate) fn push(
        &mut self,
        key: Key,
        token: Token,
        readiness: Readiness,
        record: sys::Record,
    ) -> Option<u32> {
        if self.is_full() {
            return None;
        }
        self.list.push(Event {
            key,
            token,
            readiness,
            record,
        });
        u32::try_from(self.list.len() - 1).ok()
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.list).finish()
    }
}

impl<'a> IntoIterator for &'a Events {
    type Item = &'a Event;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// An iterator over [`Events`].
#[derive(Clone)]
pub struct Iter<'a> {
    inner: slice::Iter<'a, Event>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a Event;

    fn next(&mut self) -> Option<Self::Item> {
        self.inner.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl fmt::Debug for Iter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
