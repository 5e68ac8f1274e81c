//! `wasi:cli`.

use super::future::{FutureResult, RawFuture, ResultFuture};
use super::stream::{RawReadEnd, ReadEnd, WriteEnd};
use wasio_bindings::abi::{HostResult, returned};

super::described!();

#[cfg_attr(wasio_waitables, link(wasm_import_module = "wasi:cli/stdin@0.3.0"))]
unsafe extern "C" {
    #[link_name = "read-via-stream"]
    fn wasi_read_via_stream(result: *mut Input);
    #[link_name = "[async-lower][future-read-1]read-via-stream"]
    fn wasi_future_read(future: u32, result: *mut CliResult) -> u32;
    #[link_name = "[future-cancel-read-1]read-via-stream"]
    safe fn wasi_future_cancel_read(future: u32) -> u32;
    #[link_name = "[future-drop-readable-1]read-via-stream"]
    safe fn wasi_future_drop_readable(future: u32);
}

#[cfg_attr(wasio_waitables, link(wasm_import_module = "wasi:cli/stdout@0.3.0"))]
unsafe extern "C" {
    #[link_name = "write-via-stream"]
    safe fn wasi_write_stdout(stream: u32) -> RawFuture<CliResult>;
}

#[cfg_attr(wasio_waitables, link(wasm_import_module = "wasi:cli/stderr@0.3.0"))]
unsafe extern "C" {
    #[link_name = "write-via-stream"]
    safe fn wasi_write_stderr(stream: u32) -> RawFuture<CliResult>;
}

/// What `read-via-stream` returns.
#[repr(C)]
struct Input {
    stream: RawReadEnd,
    result: RawFuture<CliResult>,
}

/// `result<_, error-code>` of `wasi:cli/types`.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct CliResult([u8; 2]);

/// `wasi:cli/types.error-code`.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum StreamFailure {
    Io,
    IllegalByteSequence,
    Pipe,
}

impl StreamFailure {
    /// The names in the interface, in the order of the cases.
    pub(crate) const NAMES: &[&str; Self::Pipe as usize + 1] =
        &["io", "illegal-byte-sequence", "pipe"];
}

impl FutureResult for CliResult {
    type Error = StreamFailure;

    unsafe fn read(future: u32, result: *mut Self) -> u32 {
        // SAFETY: as the caller promises.
        unsafe { wasi_future_read(future, result) }
    }

    fn cancel_read(future: u32) -> u32 {
        wasi_future_cancel_read(future)
    }

    fn drop_readable(future: u32) {
        wasi_future_drop_readable(future);
    }

    unsafe fn into_error(self) -> Option<StreamFailure> {
        match self.0 {
            [0, _] => None,
            [_, 1] => Some(StreamFailure::IllegalByteSequence),
            [_, 2] => Some(StreamFailure::Pipe),
            _ => Some(StreamFailure::Io),
        }
    }
}

/// Standard input, and how it ends.
pub(crate) fn read_stdin() -> (ReadEnd, ResultFuture<CliResult>) {
    // SAFETY: the host writes both at the pointer.
    let import = |result| unsafe { wasi_read_via_stream(result) };
    // SAFETY: as above.
    let input = unsafe { returned(import) };
    (input.stream.into(), input.result.into())
}

/// Standard output. How it ends is not asked for: a write shows that it has.
pub(crate) fn write_stdout() -> WriteEnd {
    write_to(wasi_write_stdout)
}

/// Standard error, as [`write_stdout`].
pub(crate) fn write_stderr() -> WriteEnd {
    write_to(wasi_write_stderr)
}

fn write_to(import: extern "C" fn(u32) -> RawFuture<CliResult>) -> WriteEnd {
    let (end, readable) = WriteEnd::new_stream();
    drop(ResultFuture::from(import(readable)));
    end
}

const _: () = {
    assert!(size_of::<Input>() == 8);
    assert!(matches!(HostResult::<(), u8>::LAYOUT, (1, 2)));
};
