//! What a `select` leaves for the next one: the events that found no room, and what is to go first.

/// What the thread that waits uses: the backend's part, and the answers of its host.
pub(crate) struct Waiting<W, R> {
    pub(super) host: W,
    /// What the host has answered.
    pub(super) ready: Vec<R>,
    /// The answers that were delivered. The rest are leftovers: events that found no room.
    pub(super) delivered: usize,
    /// What goes first the next time, as there may be room for it alone.
    pub(super) first: Kind,
    /// The tasks to wake once nothing is locked.
    #[cfg(feature = "task")]
    pub(super) woken: Vec<std::task::Waker>,
}

/// What can be reported without asking the host.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Leftovers,
    Waker,
    Timers,
    AlwaysReady,
}

impl Kind {
    pub(super) const COUNT: usize = 4;

    pub(super) const fn next(self) -> Self {
        match self {
            Self::Leftovers => Self::Waker,
            Self::Waker => Self::Timers,
            Self::Timers => Self::AlwaysReady,
            Self::AlwaysReady => Self::Leftovers,
        }
    }
}

impl<W, R> Waiting<W, R> {
    pub(super) fn new(host: W) -> Self {
        Self {
            host,
            ready: Vec::new(),
            delivered: 0,
            first: Kind::Leftovers,
            #[cfg(feature = "task")]
            woken: Vec::new(),
        }
    }
}
