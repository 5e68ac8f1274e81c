/// The caller's label for a registered source; it comes back in each
/// [`Event`](crate::event::Event) of that source.
///
/// wasio reserves no value and hands none to the host: two sources may share a
/// token, and every `usize` is allowed.
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
