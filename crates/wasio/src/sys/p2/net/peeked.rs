//! Bytes that were read ahead of the program. Neither the host nor libc can leave bytes where they
//! are, so that what a peek reads is kept for the next read.

use std::io;

#[derive(Default)]
pub(super) struct Peeked {
    bytes: Vec<u8>,
    /// What the read after the bytes returned, if it is not yet to be returned: the end, or an
    /// error other than `WouldBlock`.
    end: Option<io::Result<usize>>,
}

impl Peeked {
    pub(super) const fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.end.is_none()
    }

    /// Keeps what `read` finds. `buffer` is room for it, whose contents do not matter.
    pub(super) fn read_ahead(
        &mut self,
        buffer: &mut [u8],
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) {
        match read(buffer) {
            Ok(len) if len > 0 => self.bytes.extend_from_slice(&buffer[..len]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            end => self.end = Some(end),
        }
    }

    /// Copies the bytes to `buffer`; where that has more room, after one `read` of what follows.
    /// The end and errors are taken when no byte is left before them.
    pub(super) fn peek(
        &mut self,
        buffer: &mut [u8],
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let known = self.bytes.len();
        if known < buffer.len() && self.end.is_none() {
            self.read_ahead(&mut buffer[known..], read);
        }
        if self.bytes.is_empty() {
            return self
                .end
                .take()
                .unwrap_or(Err(io::ErrorKind::WouldBlock.into()));
        }
        Ok(self.copy_to(buffer))
    }

    /// What a read returns before it asks for more.
    pub(super) fn take(&mut self, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        if self.bytes.is_empty() {
            return self.end.take();
        }
        let len = self.copy_to(buffer);
        self.bytes.drain(..len);
        Some(Ok(len))
    }

    fn copy_to(&self, buffer: &mut [u8]) -> usize {
        let len = self.bytes.len().min(buffer.len());
        buffer[..len].copy_from_slice(&self.bytes[..len]);
        len
    }
}
