//! Reading and writing the host's byte streams without blocking.

use std::io;

use wasip2::io::streams::{InputStream, OutputStream, StreamError};

use super::{error, raw};

/// The most that one call of the host is given: it copies all of it, and may keep a copy.
const CHUNK_LEN: u64 = 64 * 1024;

/// Reads what is there. 0 is the end of the stream.
pub(super) fn read(stream: &InputStream, target: &mut [u8]) -> io::Result<usize> {
    if target.is_empty() {
        return Ok(0);
    }
    match raw::read(stream, target) {
        Ok(0) => Err(io::ErrorKind::WouldBlock.into()),
        Ok(len) => Ok(len),
        Err(error) => ended(Some(error)),
    }
}

/// What a write says that the stream does not take.
#[cold]
fn broken(error: StreamError) -> io::Error {
    error::of_stream(error).unwrap_or_else(|| io::ErrorKind::BrokenPipe.into())
}

/// What a read says after the last byte.
#[cold]
#[inline(never)]
pub(super) fn ended(error: Option<StreamError>) -> io::Result<usize> {
    error.and_then(error::of_stream).map_or(Ok(0), Err)
}

/// Writes until the host takes no more, so that less than all means just that: 0 is that it takes
/// nothing now.
pub(super) fn write(stream: &OutputStream, bytes: &[u8]) -> io::Result<usize> {
    let mut written = 0;
    while written < bytes.len() {
        match write_chunk(stream, &bytes[written..]) {
            Ok(0) => break,
            Ok(more) => written += more,
            // The next call says so again.
            Err(_) if written > 0 => break,
            Err(error) => return Err(broken(error)),
        }
    }
    Ok(written)
}

/// What [`write`] found, for a caller who is to wait when it is nothing.
pub(super) fn or_would_block(written: usize, bytes: &[u8]) -> io::Result<usize> {
    if written == 0 && !bytes.is_empty() {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    Ok(written)
}

fn write_chunk(stream: &OutputStream, bytes: &[u8]) -> Result<usize, StreamError> {
    let permit = raw::check_write(stream)?;
    let room = usize::try_from(permit.min(CHUNK_LEN)).unwrap_or(usize::MAX);
    let chunk = &bytes[..bytes.len().min(room)];
    if !chunk.is_empty() {
        raw::write(stream, chunk)?;
    }
    Ok(chunk.len())
}
