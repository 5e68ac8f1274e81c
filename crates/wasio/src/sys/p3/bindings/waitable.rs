//! Waitables, and the set that the program waits for.

use super::described;
use crate::lock::Lock;

described!();

#[link(wasm_import_module = "$root")]
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

/// That an operation has ended.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Event {
    waitable: u32,
    code: u32,
}

impl Event {
    pub(crate) const fn waitable(self) -> u32 {
        self.waitable
    }

    pub(crate) const fn code(self) -> u32 {
        self.code
    }
}

/// The one set of the program: the host keeps a list of the events of its members.
struct Set {
    /// `None` before the first join.
    handle: Option<u32>,
    /// Which waitables are members: a join for each operation would cost a call each.
    members: Vec<bool>,
}

static SET: Lock<Set> = Lock::new(Set {
    handle: None,
    members: Vec::new(),
});

impl Set {
    /// Returns whether it was none before.
    fn add_member(&mut self, waitable: u32) -> bool {
        let index = waitable as usize;
        if self.members.len() <= index {
            self.members.resize(index + 1, false);
        }
        !std::mem::replace(&mut self.members[index], true)
    }

    /// Returns whether it was one.
    fn remove_member(&mut self, waitable: u32) -> bool {
        let member = self.members.get_mut(waitable as usize);
        member.is_some_and(std::mem::take)
    }
}

/// Makes a waitable a member of the set, where it stays until [`leave_set`].
pub(crate) fn join_set(waitable: u32) {
    let mut set = SET.lock();
    if set.add_member(waitable) {
        let handle = *set.handle.get_or_insert_with(|| set_new());
        waitable_join(waitable, handle);
    }
}

/// Takes a waitable out of the set. A cancel and a drop begin with this: the host traps otherwise,
/// and its number is used again.
// In each of the dozen places that call it, this would make an echo server 5 kB larger.
#[inline(never)]
pub(crate) fn leave_set(waitable: u32) {
    if SET.lock().remove_member(waitable) {
        waitable_join(waitable, 0);
    }
}

/// Blocks until there is an event, and takes it. There must be an operation in flight, or else this
/// never returns.
pub(crate) fn wait_for_event() -> Option<Event> {
    let handle = SET.lock().handle?;
    let mut event = [0; 2];
    // SAFETY: the host writes two numbers at the pointer.
    let kind = unsafe { set_wait(handle, &raw mut event) };
    event_of(kind, event)
}

/// Takes an event that the host has already. It gets no chance to make one.
pub(crate) fn poll_event() -> Option<Event> {
    let handle = SET.lock().handle?;
    let mut event = [0; 2];
    // SAFETY: as above.
    let kind = unsafe { set_poll(handle, &raw mut event) };
    event_of(kind, event)
}

/// What the host has written. A subtask says when it starts, which is no end of it.
fn event_of(kind: u32, [waitable, code]: [u32; 2]) -> Option<Event> {
    const NONE: u32 = 0;
    (kind != NONE).then_some(Event { waitable, code })
}

/// Lets the host do what it has to do, once.
pub(crate) fn yield_to_host() {
    thread_yield();
}
