//! `wasi:io`.

use alloc::string::String;
use core::convert::Infallible;
use core::mem::{MaybeUninit, offset_of};

use wasio_realloc::{List, owned, read_into};

use crate::abi::{HostResult, result, returned};
use crate::resource;

super::described!();

/// The method `subscribe` of a resource.
macro_rules! subscribe {
    ($resource:ty, $name:literal in $module:literal) => {
        impl $resource {
            pub fn subscribe(&self) -> $crate::p2::Pollable {
                #[link(wasm_import_module = $module)]
                unsafe extern "C" {
                    #[link_name = $name]
                    safe fn import(handle: u32) -> $crate::p2::Pollable;
                }
                import(self.handle())
            }
        }
    };
}

pub(super) use subscribe;

resource!(
    /// `wasi:io/poll.pollable`.
    pub Pollable, "[resource-drop]pollable" in "wasi:io/poll@0.2.12"
);

resource!(
    /// `wasi:io/error.error`.
    pub Error, "[resource-drop]error" in "wasi:io/error@0.2.12"
);

resource!(
    /// `wasi:io/streams.input-stream`.
    pub InputStream, "[resource-drop]input-stream" in "wasi:io/streams@0.2.12"
);

resource!(
    /// `wasi:io/streams.output-stream`.
    pub OutputStream, "[resource-drop]output-stream" in "wasi:io/streams@0.2.12"
);

subscribe!(InputStream, "[method]input-stream.subscribe" in "wasi:io/streams@0.2.12");
subscribe!(OutputStream, "[method]output-stream.subscribe" in "wasi:io/streams@0.2.12");

#[link(wasm_import_module = "wasi:io/poll@0.2.12")]
unsafe extern "C" {
    #[link_name = "poll"]
    fn wasi_poll(handles: *const u32, len: usize, ready: *mut List<u32>);
    #[link_name = "[method]pollable.block"]
    safe fn wasi_block(pollable: u32);
}

#[link(wasm_import_module = "wasi:io/error@0.2.12")]
unsafe extern "C" {
    #[link_name = "[method]error.to-debug-string"]
    fn wasi_to_debug_string(error: u32, text: *mut List<u8>);
}

type StreamResult<T> = HostResult<T, WireError>;

#[link(wasm_import_module = "wasi:io/streams@0.2.12")]
unsafe extern "C" {
    #[link_name = "[method]input-stream.read"]
    fn wasi_read(stream: u32, len: u64, result: *mut StreamResult<List<u8>>);
    #[link_name = "[method]output-stream.check-write"]
    fn wasi_check_write(stream: u32, result: *mut StreamResult<u64>);
    #[link_name = "[method]output-stream.write"]
    fn wasi_write(stream: u32, start: *const u8, len: usize, result: *mut StreamResult<()>);
    #[link_name = "[method]output-stream.flush"]
    fn wasi_flush(stream: u32, result: *mut StreamResult<()>);
}

/// Waits until one of the handles is ready, writes the indices of those that are to `ready`, and
/// returns how many they are.
///
/// Each handle must be of a pollable that lives, and there must be one: the host traps otherwise.
/// `ready` must have room for as many.
pub fn poll(handles: &[u32], ready: &mut [u32]) -> usize {
    debug_assert!(!handles.is_empty(), "the host traps on an empty list");
    debug_assert!(ready.len() >= handles.len(), "no room for the answer");
    // SAFETY: the host reads `len` handles at the pointer, and writes a list to `list`.
    let import = |list| unsafe { wasi_poll(handles.as_ptr(), handles.len(), list) };
    let call = || -> Result<_, Infallible> {
        // SAFETY: as above.
        Ok(unsafe { returned(import) })
    };
    // SAFETY: `call` makes this one call, and returns its list, of any numbers.
    let Ok(count) = unsafe { read_into(ready, call) };
    count
}

impl Pollable {
    /// Waits until it is ready.
    pub fn block(&self) {
        wasi_block(self.handle());
    }
}

/// `wasi:io/streams.stream-error`.
#[derive(Debug)]
pub enum StreamError {
    LastOperationFailed(Error),
    Closed,
}

/// A [`StreamError`] as the host writes it.
#[repr(C)]
struct WireError {
    tag: u8,
    error: MaybeUninit<Error>,
}

impl From<WireError> for StreamError {
    #[cold]
    fn from(error: WireError) -> Self {
        match error.tag {
            // SAFETY: the ABI has written the error where this is the tag.
            0 => Self::LastOperationFailed(unsafe { error.error.assume_init() }),
            _ => Self::Closed,
        }
    }
}

impl Error {
    pub fn to_debug_string(&self) -> String {
        // SAFETY: the host writes a list to `list`.
        let import = |list| unsafe { wasi_to_debug_string(self.handle(), list) };
        // SAFETY: as above.
        let call = || unsafe { returned::<List<u8>>(import) };
        // SAFETY: `call` makes this one call.
        let list = unsafe { owned(call) };
        // SAFETY: it has just been returned.
        let bytes = unsafe { list.into_vec() };
        // The strings of the ABI are UTF-8.
        String::from_utf8(bytes).unwrap_or_default()
    }
}

impl InputStream {
    /// Reads what is there, as far as `buffer` has room. 0 where there is nothing now.
    pub fn read(&self, buffer: &mut [u8]) -> Result<usize, StreamError> {
        let len = buffer.len() as u64;
        // SAFETY: the host writes a result to `result`.
        let import = |result| unsafe { wasi_read(self.handle(), len, result) };
        // SAFETY: as above.
        let call = || unsafe { result(import) };
        // SAFETY: `call` makes this one call, and returns its list.
        let count = unsafe { read_into(buffer, call) };
        count.map_err(StreamError::from)
    }
}

impl OutputStream {
    /// How many bytes the next [`write`](Self::write) may be of.
    pub fn check_write(&self) -> Result<u64, StreamError> {
        // SAFETY: the host writes a result to `result`.
        let import = |result| unsafe { wasi_check_write(self.handle(), result) };
        // SAFETY: as above.
        Ok(unsafe { result(import) }?)
    }

    /// Writes no more bytes than [`check_write`](Self::check_write) permitted: the host traps
    /// otherwise.
    pub fn write(&self, bytes: &[u8]) -> Result<(), StreamError> {
        let import = |result| {
            // SAFETY: the host reads `len` bytes at the pointer, and writes a result to `result`.
            unsafe { wasi_write(self.handle(), bytes.as_ptr(), bytes.len(), result) }
        };
        // SAFETY: as above.
        Ok(unsafe { result(import) }?)
    }

    pub fn flush(&self) -> Result<(), StreamError> {
        // SAFETY: the host writes a result to `result`.
        let import = |result| unsafe { wasi_flush(self.handle(), result) };
        // SAFETY: as above.
        Ok(unsafe { result(import) }?)
    }
}

const _: () = {
    assert!(size_of::<List<u32>>() == 8);
    assert!(offset_of!(WireError, error) == 4 && size_of::<WireError>() == 8);
    assert!(matches!(StreamResult::<List<u8>>::LAYOUT, (4, 12)));
    assert!(matches!(StreamResult::<u64>::LAYOUT, (8, 16)));
    assert!(matches!(StreamResult::<()>::LAYOUT, (4, 12)));
};
