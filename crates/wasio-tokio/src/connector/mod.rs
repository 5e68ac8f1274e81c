//! Connections by name.

mod error;
mod race;
mod target;

use std::fmt;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower_service::Service;

use self::error::ConnectError;
use self::race::Attempts;
use crate::lookup_host;

/// Connects to hosts by name or address: for hyper-util's client, and for whatever else wants a
/// [`TcpStream`].
///
/// It is what hyper-util's `HttpConnector` is elsewhere, with the names of its settings. That one
/// looks names up on a thread, and makes its sockets in ways that WASI does not have.
///
/// A host with several addresses is tried as in [RFC 8305] (happy eyeballs): IPv6 and IPv4 in turn,
/// the next address when the one before has failed or has taken
/// [too long](Self::set_happy_eyeballs_timeout). The first connection wins, and the others are
/// given up.
///
/// [RFC 8305]: https://www.rfc-editor.org/rfc/rfc8305
///
/// # Examples
///
/// A client that keeps its connections:
///
/// ```
/// use http_body_util::Empty;
/// use hyper::body::Bytes;
/// use hyper_util::client::legacy::Client;
/// use hyper_util::rt::{TokioExecutor, TokioTimer};
/// use std::time::Duration;
/// use wasio_tokio::Connector;
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() {
///     let mut connector = Connector::new();
///     connector.set_connect_timeout(Some(Duration::from_secs(5)));
///     let client = Client::builder(TokioExecutor::new())
///         .pool_timer(TokioTimer::new())
///         .build::<_, Empty<Bytes>>(connector);
///     // Nothing listens on this port of this machine.
///     let result = client.get(hyper::Uri::from_static("http://localhost:1/")).await;
///     assert!(result.unwrap_err().is_connect());
/// }
/// ```
///
/// A connection for a protocol of its own:
///
/// ```no_run
/// # async fn connect() -> std::io::Result<()> {
/// let stream = wasio_tokio::Connector::new().connect("db.example.org", 5432).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Connector {
    connect_timeout: Option<Duration>,
    attempt_delay: Option<Duration>,
    enforce_http: bool,
    nodelay: bool,
}

impl Connector {
    /// A connector without a time limit, with 250 ms between two attempts, for `http` alone.
    #[must_use]
    pub fn new() -> Self {
        Self {
            connect_timeout: None,
            attempt_delay: Some(Duration::from_millis(250)),
            enforce_http: true,
            nodelay: false,
        }
    }

    /// The time that a connection may take, with the look-up of the name and all attempts. `None`,
    /// which it is at first, leaves that to the host.
    pub fn set_connect_timeout(&mut self, limit: Option<Duration>) {
        self.connect_timeout = limit;
    }

    /// How long an attempt may take before the next address is tried beside it. 250 ms at first,
    /// which RFC 8305 recommends. `None`: an address is tried when the one before has failed.
    pub fn set_happy_eyeballs_timeout(&mut self, delay: Option<Duration>) {
        self.attempt_delay = delay;
    }

    /// Whether schemes other than `http` are refused. They are at first. A connector for TLS, which
    /// stands on this one, wants it off.
    pub fn enforce_http(&mut self, is_enforced: bool) {
        self.enforce_http = is_enforced;
    }

    /// Sets `TCP_NODELAY` on the connections. Off at first. A connection on which it cannot be set
    /// is returned without it.
    ///
    /// # Platform behaviour
    ///
    /// WASI 0.2 has no such option; the value is remembered.
    pub fn set_nodelay(&mut self, nodelay: bool) {
        self.nodelay = nodelay;
    }

    /// Connects to a port of a host: a name, or an IPv4 or IPv6 address, without brackets.
    ///
    /// # Errors
    ///
    /// They name the host, and where there were attempts, each address and what it said.
    ///
    /// * Those of [`lookup_host`].
    /// * [`TimedOut`](ErrorKind::TimedOut): [the limit](Self::set_connect_timeout) has passed.
    /// * If no attempt succeeded: of the kind of the last that failed.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, and in one whose time or I/O driver is not enabled.
    pub async fn connect(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let mut tried = Attempts::default();
        let connecting = self.connect_without_limit(host, port, &mut tried);
        let connected = match self.connect_timeout {
            None => connecting.await?,
            Some(limit) => match timeout(limit, connecting).await {
                Ok(connected) => connected?,
                Err(_) => return Err(ConnectError::timed_out(host, port, limit, tried)),
            },
        };
        let stream =
            connected.ok_or_else(|| ConnectError::no_attempt_succeeded(host, port, tried))?;
        if self.nodelay {
            // The connection is there, and works without. hyper-util's connector goes on too.
            let _ = stream.set_nodelay(true);
        }
        Ok(stream)
    }

    /// `None` if no attempt succeeded.
    async fn connect_without_limit(
        &self,
        host: &str,
        port: u16,
        tried: &mut Attempts,
    ) -> io::Result<Option<TcpStream>> {
        let addresses: Vec<SocketAddr> = lookup_host((host, port)).await?.collect();
        let addresses = race::in_turn(&addresses);
        Ok(race::first(addresses, self.attempt_delay, tried, TcpStream::connect).await)
    }
}

impl Default for Connector {
    fn default() -> Self {
        Self::new()
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Connecting;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Connects to the host and the port of `uri`. Without a port it is that of the scheme, of
    /// `http` or `https`.
    fn call(&mut self, uri: Uri) -> Connecting {
        let connector = self.clone();
        Connecting(Box::pin(async move {
            let (host, port) = target::of(&uri, connector.enforce_http)?;
            connector.connect(host, port).await.map(TokioIo::new)
        }))
    }
}

/// A connection that is being made. Dropping it gives the connection up.
#[must_use = "a future does nothing until it is awaited"]
pub struct Connecting(Pin<Box<dyn Future<Output = io::Result<TokioIo<TcpStream>>> + Send>>);

impl Future for Connecting {
    type Output = io::Result<TokioIo<TcpStream>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl fmt::Debug for Connecting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connecting").finish_non_exhaustive()
    }
}

/// An error of what the caller gave.
fn invalid(sentence: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, sentence)
}
