//! The faults that a server can have on purpose.

use std::io;

use super::super::Arguments;

/// A fault, to show that `chaos` sees it. No argument of `chaos-server` puts one in: the program
/// `chaos-faulty-server` has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A byte of each connection is not sent back.
    LostByte,
    /// The listener is not read until it would block, so that nothing arms it.
    MissedRearm,
    /// Connections that are over are forgotten, with all that they hold.
    Leak,
    /// The server wakes itself before each poll.
    Spin,
}

impl Bug {
    /// The one that the argument `bug=` names.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn from_arguments() -> io::Result<Self> {
        match Arguments::parse().text("bug") {
            Some("lost-byte") => Ok(Self::LostByte),
            Some("missed-rearm") => Ok(Self::MissedRearm),
            Some("leak") => Ok(Self::Leak),
            Some("spin") => Ok(Self::Spin),
            other => Err(io::Error::other(format!("no bug is called {other:?}"))),
        }
    }
}
