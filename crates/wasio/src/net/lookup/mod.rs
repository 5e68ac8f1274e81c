use std::fmt;
use std::io;
use std::net::IpAddr;

use crate::event;
use crate::sys;

mod name;

pub(crate) use self::name::Name;

/// A source that yields the addresses of a name. Made by [`lookup`].
///
/// It is readable when the answer is there, and becomes nothing else: register it with
/// [`Interest::READABLE`](crate::Interest::READABLE). Dropping it gives the look-up up.
///
/// # Examples
///
/// ```
/// # #[cfg(not(target_env = "p1"))]
/// # fn main() -> std::io::Result<()> {
/// use std::io::ErrorKind;
/// use wasio::{net, Events, Interest, Poll, Token};
///
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// let mut lookup = net::lookup("localhost")?;
/// poll.registry().register(&mut lookup, Token(0), Interest::READABLE)?;
///
/// let mut addresses = Vec::new();
/// 'answer: loop {
///     poll.poll(&mut events, None)?;
///     loop {
///         match lookup.next_address() {
///             Ok(Some(address)) => addresses.push(address),
///             Ok(None) => break 'answer,
///             Err(error) if error.kind() == ErrorKind::WouldBlock => break,
///             Err(error) => return Err(error), // No such name, for instance.
///         }
///     }
/// }
/// assert!(addresses.iter().all(|address| address.is_loopback()));
/// # assert!(!addresses.is_empty());
/// # Ok(())
/// # }
/// # #[cfg(target_env = "p1")]
/// # fn main() {}
/// ```
pub struct Lookup {
    inner: sys::lookup::Lookup,
}

/// Starts to look up the addresses of `name`, and does not wait for the answer.
///
/// The name of a host, as `localhost` or `example.org`, without a port. An IPv4 or IPv6 address
/// stands for itself, and no name server is asked.
///
/// # Errors
///
/// * [`InvalidInput`](io::ErrorKind::InvalidInput): no name can be written so; the message says
///   why.
/// * The system's error, if it has no thread or handle for the look-up.
///
/// What the host says, that there is no such name for instance, comes with
/// [`Lookup::next_address`].
///
/// # Platform behaviour
///
/// * WASI 0.1: [`Unsupported`](io::ErrorKind::Unsupported).
/// * WASI 0.2: a host may forbid it; wasmtime then says `permanent-resolver-failure`.
/// * Natively: the system's resolver, on threads of its own, 16 at most; what has not begun when
///   its [`Lookup`] is dropped never does.
pub fn lookup(name: &str) -> io::Result<Lookup> {
    let inner = sys::lookup::Lookup::new(Name::parse(name)?)?;
    Ok(Lookup { inner })
}

impl Lookup {
    /// The next address, in the order to try them in; `None` after the last.
    ///
    /// # Errors
    ///
    /// * [`WouldBlock`](io::ErrorKind::WouldBlock): there is no answer yet.
    /// * [`NotFound`](io::ErrorKind::NotFound): there is no such name, or it has no address.
    /// * What else the host says. An error is returned once, and `None` from then on.
    ///
    /// # Platform behaviour
    ///
    /// Today wasmtime says that a name does not exist also where its resolver failed.
    pub fn next_address(&self) -> io::Result<Option<IpAddr>> {
        self.inner.next_address()
    }
}

event::source_by_field!(Lookup, inner, readable "a look-up");

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
