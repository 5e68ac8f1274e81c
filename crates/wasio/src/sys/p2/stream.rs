//! Reading and writing the host's byte streams without blocking.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use super::error;
use wasio_bindings::p2::{InputStream, OutputStream, StreamError};

/// The longest write per call: the host copies the bytes, and may keep the copy.
const CHUNK_LEN: u64 = 64 * 1024;

/// What wasmtime before version 48 permits to be written to a connection.
const PERMIT_BEFORE_48: u64 = 1 << 30;

static CLOSES_AT_ONCE: AtomicBool = AtomicBool::new(false);

/// Whether it is known that the host discards what is not sent when a connection is dropped, as
/// wasmtime does before version 48. From then on it waits until the peer has read that. No call tells
/// the version; what a host permits does.
#[cfg(feature = "net")]
pub(crate) fn closes_at_once() -> bool {
    CLOSES_AT_ONCE.load(Ordering::Relaxed)
}

/// Reads what has arrived. 0 is the end of the stream. Not inlined: in place in its callers it makes
/// a program 0.4 kB larger.
#[inline(never)]
pub(super) fn read(stream: &InputStream, target: &mut [u8]) -> io::Result<usize> {
    if target.is_empty() {
        return Ok(0);
    }
    match stream.read(target) {
        Ok(0) => Err(io::ErrorKind::WouldBlock.into()),
        Ok(len) => Ok(len),
        Err(error) => ended(Some(error)),
    }
}

/// The error of a write that failed.
#[cold]
fn broken(error: StreamError) -> io::Error {
    error::of_stream(error).unwrap_or_else(|| io::ErrorKind::BrokenPipe.into())
}

/// The result of a read after the last byte: the end of the stream, or why it failed.
#[cold]
pub(super) fn ended(error: Option<StreamError>) -> io::Result<usize> {
    error.and_then(error::of_stream).map_or(Ok(0), Err)
}

/// Writes until the host takes no more, and returns how many bytes that was. So fewer than all of
/// them means that the host has no room now.
pub(super) fn write(stream: &OutputStream, bytes: &[u8]) -> io::Result<usize> {
    let mut written = 0;
    while written < bytes.len() {
        match write_chunk(stream, &bytes[written..]) {
            Ok(0) => break,
            Ok(more) => written += more,
            // The next call fails, too; wasmtime 46 then says only that the stream is closed.
            Err(_) if written > 0 => break,
            Err(error) => return Err(broken(error)),
        }
    }
    Ok(written)
}

/// The result of [`write`], with `WouldBlock` where the host has taken nothing.
pub(super) fn or_would_block(written: usize, bytes: &[u8]) -> io::Result<usize> {
    if written == 0 && !bytes.is_empty() {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    Ok(written)
}

fn write_chunk(stream: &OutputStream, bytes: &[u8]) -> Result<usize, StreamError> {
    let permit = stream.check_write()?;
    if permit == PERMIT_BEFORE_48 {
        CLOSES_AT_ONCE.store(true, Ordering::Relaxed);
    }
    let room = usize::try_from(permit.min(CHUNK_LEN)).unwrap_or(usize::MAX);
    let chunk = &bytes[..bytes.len().min(room)];
    if !chunk.is_empty() {
        stream.write(chunk)?;
    }
    Ok(chunk.len())
}
