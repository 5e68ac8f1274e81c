//! Streams of bytes: the ends that the program holds.
//!
//! The operations of all streams of bytes are the same, whoever has made the stream. They are
//! imported by the names of the standard streams, which every program may have.

use super::waitable::{Event, STREAM_READ, STREAM_WRITE, leave_set};

super::described!();

#[cfg_attr(wasio_waitables, link(wasm_import_module = "wasi:cli/stdin@0.3.0"))]
unsafe extern "C" {
    #[link_name = "[async-lower][stream-read-0]read-via-stream"]
    fn stream_read(stream: u32, start: *mut u8, len: usize) -> u32;
    #[link_name = "[stream-cancel-read-0]read-via-stream"]
    safe fn stream_cancel_read(stream: u32) -> u32;
    #[link_name = "[stream-drop-readable-0]read-via-stream"]
    safe fn stream_drop_readable(stream: u32);
}

#[cfg_attr(wasio_waitables, link(wasm_import_module = "wasi:cli/stdout@0.3.0"))]
unsafe extern "C" {
    #[link_name = "[stream-new-0]write-via-stream"]
    safe fn stream_new() -> u64;
    #[link_name = "[async-lower][stream-write-0]write-via-stream"]
    fn stream_write(stream: u32, start: *const u8, len: usize) -> u32;
    #[link_name = "[stream-cancel-write-0]write-via-stream"]
    safe fn stream_cancel_write(stream: u32) -> u32;
    #[link_name = "[stream-drop-writable-0]write-via-stream"]
    safe fn stream_drop_writable(stream: u32);
}

/// What an operation returns that has not ended.
pub(super) const BLOCKED: u32 = u32::MAX;

/// What an operation of a stream has done.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Moved {
    pub(crate) count: usize,
    /// Whether the other end is gone. There may be bytes all the same. The stream must not be used
    /// again.
    pub(crate) is_last: bool,
    /// Whether a cancel has ended it. If an event says so, it was a late cancel of an earlier
    /// operation. The stream goes on.
    pub(crate) is_cancelled: bool,
}

impl Moved {
    pub(super) const fn of(code: u32) -> Self {
        const DROPPED: u32 = 1;
        const CANCELLED: u32 = 2;
        Self {
            count: (code >> 4) as usize,
            is_last: code & 15 == DROPPED,
            is_cancelled: code & 15 == CANCELLED,
        }
    }
}

/// What an operation has done that returned `code`. One that has not ended is cancelled. It may have
/// ended meanwhile, or have moved something.
fn ended_or_cancelled(stream: u32, code: u32, cancel: extern "C" fn(u32) -> u32) -> Moved {
    if code != BLOCKED {
        return Moved::of(code);
    }
    leave_set(stream);
    Moved::of(cancel(stream))
}

/// The end to read from. It owns the buffer of the read that is in flight. Dropping it cancels that.
#[derive(Debug)]
#[repr(transparent)]
pub(super) struct RawReadEnd(u32);

/// As [`RawReadEnd`], which is how an import returns it.
#[derive(Debug)]
pub(crate) struct ReadEnd {
    stream: u32,
    /// Where the read in flight puts what it reads.
    buffer: Option<Vec<u8>>,
}

impl From<RawReadEnd> for ReadEnd {
    fn from(end: RawReadEnd) -> Self {
        Self {
            stream: end.0,
            buffer: None,
        }
    }
}

impl ReadEnd {
    pub(crate) const fn waitable(&self) -> u32 {
        self.stream
    }

    /// Starts to read into a buffer. Returns that if the read has ended at once.
    ///
    /// # Panics
    /// If a read is in flight: the host would trap.
    pub(crate) fn start(&mut self, mut buffer: Vec<u8>) -> Option<(Vec<u8>, Moved)> {
        assert!(self.buffer.is_none(), "a second read in flight");
        // SAFETY: the host writes up to `len` bytes at the pointer. If it does so later, the buffer
        // is kept until then: only `ended` and `drop` give it up.
        let code = unsafe { stream_read(self.stream, buffer.as_mut_ptr(), buffer.len()) };
        if code == BLOCKED {
            self.buffer = Some(buffer);
            return None;
        }
        Some((buffer, Moved::of(code)))
    }

    /// Reads what the host has. A read that has not ended is cancelled.
    ///
    /// # Panics
    /// If a read is in flight: the host would trap.
    pub(crate) fn read_at_once(&mut self, target: &mut [u8]) -> Moved {
        assert!(self.buffer.is_none(), "a second read in flight");
        // SAFETY: the host writes up to `len` bytes at the pointer. It no longer does when this
        // returns: what has not ended is cancelled, which returns when the host is done with it.
        let code = unsafe { stream_read(self.stream, target.as_mut_ptr(), target.len()) };
        ended_or_cancelled(self.stream, code, stream_cancel_read)
    }

    /// The buffer of the read in flight, if this is its event.
    pub(crate) fn ended(&mut self, event: Event) -> Option<(Vec<u8>, Moved)> {
        let code = event.code_of(STREAM_READ, self.stream)?;
        Some((self.buffer.take()?, Moved::of(code)))
    }
}

impl Drop for ReadEnd {
    fn drop(&mut self) {
        leave_set(self.stream);
        if self.buffer.is_some() {
            stream_cancel_read(self.stream);
        }
        stream_drop_readable(self.stream);
    }
}

/// The end to write to. It owns the bytes of the write that is in flight. Dropping it cancels that.
#[derive(Debug)]
pub(crate) struct WriteEnd {
    stream: u32,
    bytes: Option<Vec<u8>>,
}

impl WriteEnd {
    /// A stream: the end that the program writes to, and the one that it hands to the host.
    pub(super) fn new_stream() -> (Self, u32) {
        let ends = stream_new();
        let (readable, writable) = (ends & u64::from(u32::MAX), ends >> 32);
        let end = Self {
            stream: u32::try_from(writable).unwrap_or_default(),
            bytes: None,
        };
        (end, u32::try_from(readable).unwrap_or_default())
    }

    pub(crate) const fn waitable(&self) -> u32 {
        self.stream
    }

    /// Starts to write the bytes from `from` to `to`. Returns them if the write has ended at once.
    ///
    /// # Panics
    /// If a write is in flight: the host would trap. If there are not as many bytes.
    pub(crate) fn start(
        &mut self,
        bytes: Vec<u8>,
        from: usize,
        to: usize,
    ) -> Option<(Vec<u8>, Moved)> {
        assert!(self.bytes.is_none(), "a second write in flight");
        let part = &bytes[from..to];
        // SAFETY: the host reads up to `len` bytes at the pointer. If it does so later, they are kept
        // until then: only `ended` and `drop` give them up.
        let code = unsafe { stream_write(self.stream, part.as_ptr(), part.len()) };
        if code == BLOCKED {
            self.bytes = Some(bytes);
            return None;
        }
        Some((bytes, Moved::of(code)))
    }

    /// Writes what the host takes now. A write that has not ended is cancelled.
    ///
    /// # Panics
    /// If a write is in flight: the host would trap.
    pub(crate) fn write_at_once(&mut self, bytes: &[u8]) -> Moved {
        assert!(self.bytes.is_none(), "a second write in flight");
        // SAFETY: the host reads up to `len` bytes at the pointer. It no longer does when this
        // returns: what has not ended is cancelled, which returns when the host is done with it.
        let code = unsafe { stream_write(self.stream, bytes.as_ptr(), bytes.len()) };
        ended_or_cancelled(self.stream, code, stream_cancel_write)
    }

    /// The bytes of the write in flight, if this is its event.
    pub(crate) fn ended(&mut self, event: Event) -> Option<(Vec<u8>, Moved)> {
        let code = event.code_of(STREAM_WRITE, self.stream)?;
        Some((self.bytes.take()?, Moved::of(code)))
    }
}

impl Drop for WriteEnd {
    fn drop(&mut self) {
        leave_set(self.stream);
        if self.bytes.is_some() {
            stream_cancel_write(self.stream);
        }
        stream_drop_writable(self.stream);
    }
}
