//! What an event does: it is reported under a token, or it wakes the tasks that wait for it.

#[cfg(feature = "task")]
use std::sync::Arc;

#[cfg(feature = "task")]
use super::Waiters;
use crate::Token;

/// What an event of a registration or of a timer does.
#[derive(Clone, Debug)]
pub(crate) enum Notify {
    /// `Events` reports it under this token.
    Token(Token),
    /// It wakes tasks, and takes no place in `Events`.
    #[cfg(feature = "task")]
    Tasks(Arc<Waiters>),
}

impl Notify {
    /// Of what is no longer registered.
    pub(crate) const NONE: Self = Self::Token(Token(0));

    /// Whether it wakes tasks.
    pub(crate) const fn is_for_tasks(&self) -> bool {
        !matches!(self, Self::Token(_))
    }
}

impl From<Token> for Notify {
    fn from(token: Token) -> Self {
        Self::Token(token)
    }
}
