//! The functions that the bindings import, on the scripted host.

use super::host::{HOST, Host};

/// The program's memory, which the host uses while an operation is in flight.
#[derive(Debug)]
pub(super) struct Memory {
    start: *mut u8,
    pub(super) len: usize,
}

// SAFETY: it belongs to the operation that it was passed for.
unsafe impl Send for Memory {}

impl Memory {
    /// # Safety
    /// The caller leaves the memory alone until the operation has ended.
    unsafe fn new(start: *mut u8, len: usize) -> Self {
        Self { start, len }
    }

    /// Of a call without any.
    pub(super) const fn none() -> Self {
        Self {
            start: std::ptr::dangling_mut(),
            len: 0,
        }
    }

    /// Writes what there is room for.
    pub(super) fn write(&self, bytes: &[u8]) {
        let len = bytes.len().min(self.len);
        // SAFETY: `new` was promised that there are `len` bytes.
        unsafe { self.start.copy_from_nonoverlapping(bytes.as_ptr(), len) };
    }

    pub(super) fn read(&self, count: usize) -> Vec<u8> {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts(self.start, count.min(self.len)) }.to_vec()
    }
}

/// Does something as the host: neither its instructions nor its memory are the program's.
pub(super) fn host<T>(call: impl FnOnce(&mut Host) -> T) -> T {
    #[cfg(target_os = "wasi")]
    return apart(|| call(&mut HOST.lock()));
    #[cfg(not(target_os = "wasi"))]
    call(&mut HOST.lock())
}

#[cfg(target_os = "wasi")]
#[link(wasm_import_module = "wasio_host")]
unsafe extern "C" {
    /// The instructions so far, or -1 if they are not counted.
    safe fn fuel() -> i64;
}

#[cfg(target_os = "wasi")]
thread_local! {
    static OF_HOST: std::cell::Cell<i64> = const { std::cell::Cell::new(0) };
}

#[cfg(target_os = "wasi")]
fn apart<T>(call: impl FnOnce() -> T) -> T {
    let before = fuel();
    let mut result = None;
    allocation_counter::opt_out(|| result = Some(call()));
    OF_HOST.set(OF_HOST.get() + fuel() - before);
    result.expect("opt_out has called it")
}

/// The instructions of the program so far. `wasio-host run --fuel` counts them.
#[cfg(target_os = "wasi")]
pub(super) fn instructions() -> u64 {
    let all = fuel();
    assert!(all >= 0, "instructions are not counted");
    u64::try_from(all - OF_HOST.get()).expect("the host's are a part of them")
}

macro_rules! imports {
    ($($name:literal fn $function:ident($($argument:ident: $type:ty),*) $(-> $result:ty)? $body:block)*) => {$(
        #[unsafe(export_name = $name)]
        extern "C" fn $function($($argument: $type),*) $(-> $result)? $body
    )*};
}

imports! {
    "[waitable-set-new]" fn set_new() -> u32 { host(Host::new_set) }
    "[waitable-join]" fn join(waitable: u32, set: u32) { host(|host| host.join(waitable, set)) }
    "[waitable-set-wait]" fn wait(set: u32, event: *mut [u32; 2]) -> u32 {
        let found = host(|host| host.wait(set));
        // SAFETY: the import has the program pass a place for an event.
        unsafe { tell(found, event) }
    }
    "[waitable-set-poll]" fn poll(set: u32, event: *mut [u32; 2]) -> u32 {
        let found = host(|host| host.poll(set));
        // SAFETY: as above.
        unsafe { tell(found, event) }
    }
    "[thread-yield]" fn thread_yield() -> u32 { host(Host::yielded); 0 }

    "now" fn now() -> u64 { host(Host::now) }
    "[async-lower]wait-until" fn wait_until(at_ns: u64) -> u32 {
        host(|host| host.wait_until(at_ns))
    }
    "[subtask-cancel]" fn subtask_cancel(subtask: u32) -> u32 {
        host(|host| host.cancel(subtask))
    }
    "[subtask-drop]" fn subtask_drop(subtask: u32) { host(|host| host.drop_handle(subtask)) }

    "read-via-stream" fn read_via_stream(result: *mut [u32; 2]) {
        let input = host(Host::new_input);
        // SAFETY: the import has the program pass a place for two handles.
        unsafe { result.write(input) }
    }
    "[async-lower][stream-read-0]read-via-stream"
    fn stream_read(stream: u32, start: *mut u8, len: usize) -> u32 {
        // SAFETY: it is what the import says.
        let memory = unsafe { Memory::new(start, len) };
        host(|host| host.start(stream, memory))
    }
    "[stream-cancel-read-0]read-via-stream" fn stream_cancel_read(stream: u32) -> u32 {
        host(|host| host.cancel(stream))
    }
    "[stream-drop-readable-0]read-via-stream" fn stream_drop_readable(stream: u32) {
        host(|host| host.drop_handle(stream));
    }
    "[async-lower][future-read-1]read-via-stream"
    fn future_read(future: u32, result: *mut [u8; 2]) -> u32 {
        // SAFETY: it is what the import says.
        let memory = unsafe { Memory::new(result.cast(), 2) };
        host(|host| host.start(future, memory))
    }
    "[future-cancel-read-1]read-via-stream" fn future_cancel_read(future: u32) -> u32 {
        host(|host| host.cancel(future))
    }
    "[future-drop-readable-1]read-via-stream" fn future_drop_readable(future: u32) {
        host(|host| host.drop_handle(future));
    }

    "[stream-new-0]write-via-stream" fn stream_new() -> u64 { host(Host::new_stream) }
    "write-via-stream" fn write_via_stream(readable: u32) -> u32 {
        host(|host| host.hand_over(readable))
    }
    "[async-lower][stream-write-0]write-via-stream"
    fn stream_write(stream: u32, start: *const u8, len: usize) -> u32 {
        // SAFETY: it is what the import says, and a write is only read from.
        let memory = unsafe { Memory::new(start.cast_mut(), len) };
        host(|host| host.start(stream, memory))
    }
    "[stream-cancel-write-0]write-via-stream" fn stream_cancel_write(stream: u32) -> u32 {
        host(|host| host.cancel(stream))
    }
    "[stream-drop-writable-0]write-via-stream" fn stream_drop_writable(stream: u32) {
        host(|host| host.drop_handle(stream));
    }
}

/// Returns the kind of an event, and writes the rest of it.
///
/// # Safety
/// There is a place for it.
unsafe fn tell(event: Option<[u32; 3]>, place: *mut [u32; 2]) -> u32 {
    const NONE: u32 = 0;
    let Some([kind, waitable, code]) = event else {
        return NONE;
    };
    // SAFETY: as the caller promises.
    unsafe { place.write([waitable, code]) };
    kind
}
