/// The caller's label for a registered source. Each [`Event`](crate::event::Event) of the source
/// carries it.
///
/// Every `usize` is allowed, and several sources may share a token: wasio reserves no value, and
/// does not pass tokens to the host.
///
/// # Examples
///
/// ```
/// use wasio::Token;
///
/// const LISTENER: Token = Token(0);
/// assert_eq!(usize::from(LISTENER), 0);
/// ```
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub usize);

impl From<Token> for usize {
    fn from(token: Token) -> Self {
        token.0
    }
}
