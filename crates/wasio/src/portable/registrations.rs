//! The registration table: who is registered, what is asked for, and what is armed.
//!
//! It knows nothing of how a host is asked. A change puts the registration into the list of changes,
//! from which the backend brings its host up to date before the next wait. A direction that an event
//! disarms and the read that follows arms again, the sequence of most requests, leaves that list as
//! it was: the host is asked about it all the while.

use std::collections::VecDeque;

use super::{Direction, Directions, FdIndex, Futile, Key, Notify, Slab, Waits};
use crate::{Interest, Mode, RawDescriptor};

mod always_ready;

/// The end of the list of changes.
const END: u32 = u32::MAX;
/// In `Registration::next_changed`: it is not in that list.
const UNCHANGED: u32 = u32::MAX - 1;

/// What a backend registers.
pub(crate) trait Source: Copy {
    /// Whether there are sources that the host cannot wait for, which are then always ready.
    const MAY_BE_ALWAYS_READY: bool = true;

    /// The descriptor, for a source that is known by one.
    fn descriptor(&self) -> Option<RawDescriptor>;
}

/// One registration. `A` is what the backend keeps for each direction.
#[derive(Clone, Debug)]
pub(crate) struct Registration<S, A> {
    pub(crate) notify: Notify,
    pub(crate) source: S,
    pub(crate) interest: Interest,
    pub(crate) mode: Mode,
    pub(crate) waits: Waits,
    /// The directions that the next wait should include.
    pub(crate) armed: Directions,
    /// Those that the backend's host is asked about, as of the last update.
    known: Directions,
    /// The events that showed nothing.
    pub(super) futile: Futile,
    /// What comes after it in the list of changes, or [`UNCHANGED`].
    next_changed: u32,
    /// Whether the backend wants to see it in the next update although what is armed has not changed.
    is_touched: bool,
    /// Whether it is in the list of what is always ready.
    is_listed: bool,
    /// The place of its event in the `Events` of the current poll, if it has one there.
    pub(crate) event_index: u32,
    slots: [A; 2],
}

/// A registration that changed since the last update.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Change<S, A> {
    pub(crate) key: Key,
    pub(crate) source: S,
    /// The directions that the host is to be asked about: none of a source that is gone.
    pub(crate) armed: Directions,
    pub(crate) slots: [A; 2],
}

/// The registration table. Every operation but [`iter`](Self::iter) is O(1).
#[derive(Debug)]
pub(crate) struct Registrations<S, A> {
    slab: Slab<Registration<S, A>>,
    by_descriptor: FdIndex,
    /// [`FdIndex::remove`], once there was a descriptor: a program without any does not link it.
    remove_descriptor: Option<fn(&mut FdIndex, RawDescriptor)>,
    /// The first of the list of changes.
    changed: u32,
    /// What is always ready and armed; may hold some that no longer are.
    always_ready: VecDeque<Key>,
}

impl<S: Source, A: Copy> Registrations<S, A> {
    pub(crate) fn new() -> Self {
        Self {
            slab: Slab::new(),
            by_descriptor: FdIndex::default(),
            remove_descriptor: None,
            changed: END,
            always_ready: VecDeque::new(),
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.slab.len()
    }

    /// Adds a registration and arms what it is interested in. `None` when the table is full.
    pub(crate) fn register(
        &mut self,
        source: S,
        notify: impl Into<Notify>,
        interest: Interest,
        mode: Mode,
        waits: Waits,
        slot: A,
    ) -> Option<Key> {
        let key = self.slab.insert(Registration {
            notify: notify.into(),
            source,
            interest,
            mode,
            waits,
            armed: Directions::NONE,
            known: Directions::NONE,
            futile: Futile::default(),
            next_changed: UNCHANGED,
            is_touched: false,
            is_listed: false,
            event_index: 0,
            slots: [slot; 2],
        })?;
        if let Some(mut registration) = self.get_mut(key) {
            registration.set_armed(Directions::of(interest));
        }
        Some(key)
    }

    /// Enters the descriptor of a registration. Not a part of [`register`](Self::register), so that
    /// a program without descriptors does not link it.
    pub(crate) fn enter_descriptor(&mut self, descriptor: RawDescriptor, key: Key) {
        self.remove_descriptor = Some(FdIndex::remove);
        self.by_descriptor.insert(descriptor, key);
    }

    /// Replaces token, interest and mode, and arms what is asked for. `false` if `key` is stale.
    pub(crate) fn reregister(
        &mut self,
        key: Key,
        notify: impl Into<Notify>,
        interest: Interest,
        mode: Mode,
        slot: impl Fn(&mut A),
    ) -> bool {
        let Some(mut changed) = self.get_mut(key) else {
            return false;
        };
        let registration = &mut *changed.registration;
        let has_other_interest = registration.interest != interest;
        registration.notify = notify.into();
        registration.interest = interest;
        registration.mode = mode;
        registration.futile = Futile::default();
        // The host may refuse one direction alone.
        if has_other_interest && registration.waits == Waits::Refused {
            changed.set_waits(Waits::Host);
        }
        let registration = &mut *changed.registration;
        registration.slots.iter_mut().for_each(slot);
        changed.set_armed(Directions::of(interest));
        true
    }

    /// Removes a registration: from here on `key` is stale. Returns what it was.
    pub(crate) fn deregister(&mut self, key: Key) -> Option<(S, Waits)> {
        let registration = self.slab.get_mut(key)?;
        let (source, waits) = (registration.source, registration.waits);
        if let (Some(remove), Some(descriptor)) = (self.remove_descriptor, source.descriptor()) {
            remove(&mut self.by_descriptor, descriptor);
        }
        // The backend hears of it in the next update, unless its host was never asked about it.
        if let Some(mut registration) = self.get_mut(key) {
            registration.set_armed(Directions::NONE);
            // The entry may outlive the registration, and what is to be woken must not.
            registration.registration.notify = Notify::NONE;
            let may_release = !registration.registration.is_changed();
            self.slab.retire(key);
            if may_release {
                self.slab.release(key.index);
            }
        }
        Some((source, waits))
    }

    /// The registration of a descriptor.
    pub(crate) fn find(&self, descriptor: RawDescriptor) -> Option<Key> {
        self.by_descriptor.get(descriptor)
    }

    /// The number of registrations of descriptors.
    pub(crate) fn descriptors(&self) -> usize {
        self.by_descriptor.len()
    }

    /// The registrations of descriptors, in no order that means anything.
    pub(crate) fn descriptor_keys(&self) -> impl Iterator<Item = Key> {
        self.by_descriptor.keys()
    }

    pub(crate) fn get(&self, key: Key) -> Option<&Registration<S, A>> {
        self.slab.get(key)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: Key) -> Option<RegistrationMut<'_, S, A>> {
        Some(RegistrationMut {
            registration: self.slab.get_mut(key)?,
            changed: &mut self.changed,
            index: key.index,
        })
    }

    /// The valid key with this index.
    pub(crate) fn key_at(&self, index: u32) -> Option<Key> {
        self.slab.key_at(index)
    }

    /// All registrations, in no order that means anything.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &Registration<S, A>)> {
        self.slab.iter()
    }

    pub(crate) fn is_armed(&self, key: Key, direction: Direction) -> bool {
        self.get(key)
            .is_some_and(|registration| registration.armed.contains(direction))
    }

    /// Whether there was an event of a direction, and nothing has armed it since or will by itself.
    pub(crate) fn is_silent(&self, key: Key, direction: Direction) -> bool {
        self.get(key).is_some_and(|registration| {
            let is_armed = registration.armed.contains(direction);
            !is_armed && !registration.futile.is_paused(direction)
        })
    }

    /// Says that the next event of a direction proves nothing against it, nor did those before.
    pub(crate) fn excuse(&mut self, key: Key, direction: Direction) {
        if let Some(registration) = self.slab.get_mut(key) {
            registration.futile.end_row(direction);
        }
    }

    /// What the backend keeps for a direction of the registration at an index.
    pub(crate) fn slot_at(&mut self, index: u32, direction: Direction) -> Option<&mut A> {
        let (_, registration) = self.slab.at_mut(index)?;
        Some(&mut registration.slots[direction as usize])
    }

    /// Whether anything has changed since the last update.
    pub(crate) const fn has_changes(&self) -> bool {
        self.changed != END
    }

    /// Takes the next change; `None` once the backend's host is up to date.
    pub(crate) fn next_change(&mut self) -> Option<Change<S, A>> {
        let index = self.changed;
        let (key, registration) = self.slab.at_mut(index)?;
        self.changed = std::mem::replace(&mut registration.next_changed, UNCHANGED);
        registration.is_touched = false;
        registration.known = registration.armed;
        let mut change = Change {
            key: key.unwrap_or(Key {
                index,
                generation: 0,
            }),
            source: registration.source,
            armed: registration.armed,
            slots: registration.slots,
        };
        match registration.waits {
            Waits::Host => {}
            waits => {
                change.armed = Directions::NONE;
                let is_always_ready = S::MAY_BE_ALWAYS_READY && waits.is_always_ready();
                if is_always_ready && !registration.armed.is_empty() {
                    self.list_always_ready(index);
                }
            }
        }
        if key.is_none() {
            self.slab.release(index);
        }
        Some(change)
    }
}

impl<S, A> Registration<S, A> {
    /// The directions that were armed at the last update.
    pub(super) const fn known(&self) -> Directions {
        self.known
    }

    /// Whether it is in the list of changes.
    const fn is_changed(&self) -> bool {
        self.next_changed != UNCHANGED
    }

    /// Enters it into the list of changes.
    fn list(&mut self, index: u32, changed: &mut u32) {
        if !self.is_changed() {
            self.next_changed = std::mem::replace(changed, index);
        }
    }
}

/// A registration that may be changed: found once for all that an event or an operation does.
#[derive(Debug)]
pub(crate) struct RegistrationMut<'a, S, A> {
    pub(crate) registration: &'a mut Registration<S, A>,
    changed: &'a mut u32,
    index: u32,
}

impl<S, A> RegistrationMut<'_, S, A> {
    /// Includes a direction in the next wait, if it is one of the interests. Returns whether that
    /// changed anything.
    #[inline]
    pub(crate) fn arm(&mut self, direction: Direction) -> bool {
        let registration = &mut *self.registration;
        let one = Directions::one(direction);
        let is_wanted = Directions::of(registration.interest).contains(direction);
        let changes = is_wanted && !registration.armed.contains(direction);
        if changes {
            self.set_armed(self.registration.armed.with(one));
        }
        changes
    }

    /// Leaves directions out of the next wait.
    #[inline]
    pub(crate) fn disarm(&mut self, directions: Directions) {
        self.set_armed(self.registration.armed.without(directions));
    }

    #[inline]
    fn set_armed(&mut self, armed: Directions) {
        self.registration.armed = armed;
        self.relist();
    }

    /// What the backend keeps for a direction.
    pub(crate) fn slot(&mut self, direction: Direction) -> &mut A {
        &mut self.registration.slots[direction as usize]
    }

    /// Has the backend see it in the next update although what is armed may not have changed.
    pub(crate) fn touch(&mut self) {
        self.registration.is_touched = true;
        self.relist();
    }

    /// Says that it is made of something else from now on. The descriptor, if it has one, stays.
    pub(crate) fn set_source(&mut self, source: S) {
        self.registration.source = source;
        self.touch();
    }

    /// Says who waits for it from now on.
    #[cold]
    pub(crate) fn set_waits(&mut self, waits: Waits) {
        self.registration.waits = waits;
        self.touch();
    }

    /// Enters it into the list of changes if it belongs there, and takes it out again if it is the
    /// first there and nothing is left to do: it was armed again before anything else has changed.
    #[inline]
    fn relist(&mut self) {
        let registration = &mut *self.registration;
        let differs = registration.armed != registration.known || registration.is_touched;
        if differs {
            registration.list(self.index, self.changed);
        } else if registration.is_changed() && *self.changed == self.index {
            *self.changed = std::mem::replace(&mut registration.next_changed, UNCHANGED);
        }
    }
}

#[cfg(all(test, not(target_os = "wasi")))]
mod tests;
