//! Waitables, and the set that the program waits for.

use super::super::target::SignalId;
use super::described;
use crate::lock::Lock;

described!();

#[cfg_attr(wasio_waitables, link(wasm_import_module = "$root"))]
unsafe extern "C" {
    #[link_name = "[waitable-set-new]"]
    safe fn set_new() -> u32;
    #[link_name = "[waitable-join]"]
    safe fn waitable_join(waitable: u32, set: u32);
    #[link_name = "[waitable-set-wait]"]
    fn set_wait(set: u32, event: *mut [u32; 2]) -> u32;
    #[link_name = "[waitable-set-poll]"]
    fn set_poll(set: u32, event: *mut [u32; 2]) -> u32;
    #[link_name = "[thread-yield]"]
    safe fn thread_yield() -> u32;
}

// Kinds of events.
const NONE: u32 = 0;
pub(super) const SUBTASK: u32 = 1;
pub(super) const STREAM_READ: u32 = 2;
pub(super) const STREAM_WRITE: u32 = 3;
pub(super) const FUTURE_READ: u32 = 4;

/// The state of a subtask that has returned. A lower one has not, and a higher one was cancelled.
pub(super) const RETURNED: u32 = 2;

/// Whether an event says that an operation has ended.
///
/// That a subtask was cancelled says nothing of what is in flight. The program cancels a subtask
/// when it gives it up, and the number may be that of something else by then.
///
/// Each event of a stream or a future says that its operation has ended, also that it was
/// cancelled: jco may cancel the one that comes after the one that the program has cancelled.
const fn has_ended(kind: u32, code: u32) -> bool {
    match kind {
        NONE => false,
        SUBTASK => code == RETURNED,
        _ => true,
    }
}

/// That an operation has ended.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Event {
    source: SignalId,
    kind: u32,
    waitable: u32,
    code: u32,
}

impl Event {
    /// Whose operation it was.
    pub(crate) const fn source(self) -> SignalId {
        self.source
    }

    pub(crate) const fn waitable(self) -> u32 {
        self.waitable
    }

    pub(crate) const fn code(self) -> u32 {
        self.code
    }

    /// The code, if this is an event of that kind and of that waitable.
    pub(super) fn code_of(self, kind: u32, waitable: u32) -> Option<u32> {
        (self.kind == kind && self.waitable == waitable).then_some(self.code)
    }
}

/// The one set of the program: the host keeps a list of the events of its members.
struct Set {
    /// `None` before the first join.
    handle: Option<u32>,
    /// By waitable.
    members: Vec<Member>,
    in_flight: usize,
}

/// What the set has of a waitable.
#[derive(Copy, Clone)]
enum Member {
    /// It is none.
    Out,
    /// Nothing is in flight. It stays one, as a join for each operation would cost a call each.
    Idle,
    /// An operation of this source is in flight.
    Busy(SignalId),
}

static SET: Lock<Set> = Lock::new(Set {
    handle: None,
    members: Vec::new(),
    in_flight: 0,
});

impl Set {
    /// Returns what a waitable was before.
    fn replace(&mut self, waitable: u32, member: Member) -> Member {
        let Some(place) = self.members.get_mut(waitable as usize) else {
            return Member::Out;
        };
        let before = std::mem::replace(place, member);
        self.in_flight += usize::from(matches!(member, Member::Busy(_)));
        self.in_flight -= usize::from(matches!(before, Member::Busy(_)));
        before
    }

    /// What has ended by the event that the host has written, if something has.
    fn ended(&mut self, kind: u32, [waitable, code]: [u32; 2]) -> Option<Event> {
        if !has_ended(kind, code) {
            return None;
        }
        // An event of what has left the set is late, and makes it no member again.
        let is_member = |member: &&Member| !matches!(member, Member::Out);
        self.members.get(waitable as usize).filter(is_member)?;
        let source = match self.replace(waitable, Member::Idle) {
            Member::Busy(source) => source,
            Member::Out | Member::Idle => SignalId::NONE,
        };
        Some(Event {
            source,
            kind,
            waitable,
            code,
        })
    }
}

/// An operation of this source is in flight. Its waitable becomes a member of the set, where it stays
/// until [`leave_set`].
pub(crate) fn join_set(waitable: u32, source: SignalId) {
    let set = &mut *SET.lock();
    while set.members.len() <= waitable as usize {
        set.members.push(Member::Out);
    }
    if let Member::Out = set.replace(waitable, Member::Busy(source)) {
        let handle = *set.handle.get_or_insert_with(|| set_new());
        waitable_join(waitable, handle);
    }
}

/// Takes a waitable out of the set. A cancel and a drop begin with this: the host traps otherwise,
/// and its number is used again.
// In each of the dozen places that call it, this would make an echo server 5 kB larger.
#[inline(never)]
pub(crate) fn leave_set(waitable: u32) {
    match SET.lock().replace(waitable, Member::Out) {
        Member::Out => {}
        Member::Idle | Member::Busy(_) => waitable_join(waitable, 0),
    }
}

/// How many operations are in flight, which is how many events can come.
pub(crate) fn in_flight() -> usize {
    SET.lock().in_flight
}

/// Blocks until there is an event, and takes it. There must be an operation in flight, or else this
/// never returns.
pub(crate) fn wait_for_event() -> Option<Event> {
    let handle = SET.lock().handle?;
    let mut event = [0; 2];
    // SAFETY: the host writes two numbers at the pointer.
    let kind = unsafe { set_wait(handle, &raw mut event) };
    SET.lock().ended(kind, event)
}

/// Takes an event that the host has already. It gets no chance to make one.
pub(crate) fn poll_event() -> Option<Event> {
    let set = &mut *SET.lock();
    loop {
        let mut event = [0; 2];
        // SAFETY: as above.
        let kind = unsafe { set_poll(set.handle?, &raw mut event) };
        let ended = set.ended(kind, event);
        if kind == NONE || ended.is_some() {
            return ended;
        }
    }
}

/// Lets the host do what it has to do, once.
pub(crate) fn yield_to_host() {
    thread_yield();
}
