//! What was read of a stream, and not yet by the program.

/// The buffers that it was read into are used again, so that a read costs no allocation.
#[derive(Debug, Default)]
pub(super) struct Unread {
    data: Vec<u8>,
    start: usize,
}

impl Unread {
    fn as_slice(&self) -> &[u8] {
        &self.data[self.start..]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Moves what there is room for. Returns how much that is.
    pub(super) fn take(&mut self, target: &mut [u8]) -> usize {
        let len = self.copy(target);
        self.start += len;
        len
    }

    /// The same, and leaves it.
    pub(super) fn copy(&self, target: &mut [u8]) -> usize {
        let len = self.len().min(target.len());
        target[..len].copy_from_slice(&self.as_slice()[..len]);
        len
    }

    /// What a buffer holds comes after the rest.
    pub(super) fn push(&mut self, buffer: Vec<u8>) {
        if self.is_empty() {
            *self = Self {
                data: buffer,
                start: 0,
            };
        } else {
            // What was taken goes, or a stream that is never read to the last byte would keep it all.
            self.data.drain(..std::mem::take(&mut self.start));
            self.data.extend_from_slice(&buffer);
        }
    }

    /// A buffer for the next read: the one that is used no more, if there is one.
    pub(super) fn spare(&mut self) -> Vec<u8> {
        if self.is_empty() {
            std::mem::take(self).data
        } else {
            Vec::new()
        }
    }

    /// The memory of it.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.data.capacity()
    }
}
