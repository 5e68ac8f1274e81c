//! Waitables, and the set that the program waits for.

use super::described;

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

/// A set of waitables: the host keeps a list of the events of its members.
#[derive(Debug)]
pub(crate) struct WaitableSet(u32);

impl WaitableSet {
    pub(crate) fn new() -> Self {
        Self(set_new())
    }

    /// Blocks until there is an event, and takes it. There must be an operation in flight, or else
    /// this never returns.
    pub(crate) fn wait(&self) -> Option<Event> {
        let mut event = [0; 2];
        // SAFETY: the host writes two numbers at the pointer.
        let kind = unsafe { set_wait(self.0, &raw mut event) };
        event_of(kind, event)
    }

    /// Takes an event that the host has already. It gets no chance to make one.
    pub(crate) fn poll(&self) -> Option<Event> {
        let mut event = [0; 2];
        // SAFETY: as above.
        let kind = unsafe { set_poll(self.0, &raw mut event) };
        event_of(kind, event)
    }
}

/// What the host has written. A subtask says when it starts, which is no end of it.
fn event_of(kind: u32, [waitable, code]: [u32; 2]) -> Option<Event> {
    const NONE: u32 = 0;
    (kind != NONE).then_some(Event { waitable, code })
}

/// Makes a waitable a member of a set, and of no other.
pub(crate) fn join(waitable: u32, set: &WaitableSet) {
    waitable_join(waitable, set.0);
}

/// Takes a waitable out of its set. A cancel and a drop begin with this: the host traps otherwise.
pub(crate) fn leave_set(waitable: u32) {
    waitable_join(waitable, 0);
}

/// Lets the host do what it has to do, once.
pub(crate) fn yield_to_host() {
    thread_yield();
}
