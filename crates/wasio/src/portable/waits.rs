//! Who waits for a source: most often the backend's host.

/// Who waits for a source.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    /// The backend's host.
    Host,
    /// Nobody: the source never blocks, and is ready whenever it is armed.
    AlwaysReady,
    /// Nobody: the host refuses to wait for the source, which is reported ready whenever it is armed.
    Refused,
    /// Nobody for now: wasio holds something for the program to read, so the source is ready.
    Unread,
    /// Something else than the backend's host, which the backend watches itself.
    Elsewhere,
}

impl Waits {
    pub(crate) const fn is_always_ready(self) -> bool {
        matches!(self, Self::AlwaysReady | Self::Refused | Self::Unread)
    }

    /// Who waits for it in a fork, which does not learn what the program has read.
    pub(super) const fn in_fork(self) -> Self {
        if matches!(self, Self::Unread) {
            Self::Host
        } else {
            self
        }
    }
}
