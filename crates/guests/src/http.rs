//! Outgoing requests by `wasi:http`, for the guests of WASI 0.2.

use wasip2::http::outgoing_handler::{self, FutureIncomingResponse};
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingResponse, OutgoingRequest, Scheme,
};
use wasip2::io::poll::Pollable as HostPollable;
use wasip2::io::streams::InputStream;

use wasio::{Interest, Pollable, Registry, Token};

/// A request that was sent, and its registration. Fields are in drop order: children before their
/// parents.
#[derive(Debug)]
pub struct Sent {
    source: Pollable,
    ready: HostPollable,
    future: FutureIncomingResponse,
}

/// The body of a response, and its registration. Fields are in drop order, as above.
#[derive(Debug)]
pub struct Body {
    _source: Pollable,
    _ready: HostPollable,
    /// The bytes of the body.
    pub stream: InputStream,
    _body: IncomingBody,
    _response: IncomingResponse,
}

/// Sends `GET /`.
///
/// # Errors
/// An error that the host reports at once.
///
/// # Panics
/// Panics if the request cannot be built.
pub fn send(authority: &str) -> Result<FutureIncomingResponse, ErrorCode> {
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&Scheme::Http)).expect("a scheme");
    request.set_authority(Some(authority)).expect("a host");
    request.set_path_with_query(Some("/")).expect("a path");
    outgoing_handler::handle(request, None)
}

/// Expects the host to deny `GET /`.
///
/// # Panics
/// Panics if the host sends the request, or gives another reason.
pub fn expect_denied(authority: &str) {
    let error = refusal(authority);
    assert!(matches!(error, ErrorCode::HttpRequestDenied), "{error}");
}

/// Returns the error with which the host refuses to send `GET /`. A host may report it at once, or
/// in place of the response.
fn refusal(authority: &str) -> ErrorCode {
    let future = match send(authority) {
        Ok(future) => future,
        Err(code) => return code,
    };
    future.subscribe().block();
    let answer = future.get().expect("it is over").expect("not taken yet");
    answer.expect_err("it should be refused")
}

/// Sends `GET /` and registers its response.
///
/// # Panics
/// Panics if the host refuses to send it.
#[must_use]
pub fn get(authority: &str, registry: &Registry, token: Token) -> Sent {
    let future = send(authority).expect("send");
    let ready = future.subscribe();
    Sent {
        source: register(&ready, registry, token),
        ready,
        future,
    }
}

impl Sent {
    /// Returns the body of the response, registered under the same token.
    ///
    /// # Errors
    /// The request itself, if there is no response yet.
    ///
    /// # Panics
    /// Panics if the request failed.
    pub fn answer(self, registry: &Registry, token: Token) -> Result<Body, Self> {
        let Some(answer) = self.future.get() else {
            return Err(self);
        };
        let response = answer.expect("it was not taken before").expect("an answer");
        let Self {
            source,
            ready,
            future,
        } = self;
        drop(source);
        drop(ready);
        drop(future);
        let body = response.consume().expect("a body");
        let stream = body.stream().expect("its stream");
        let ready = stream.subscribe();
        Ok(Body {
            _source: register(&ready, registry, token),
            _ready: ready,
            stream,
            _body: body,
            _response: response,
        })
    }
}

fn register(ready: &HostPollable, registry: &Registry, token: Token) -> Pollable {
    let mut source = Pollable::new(ready.handle());
    registry
        .register(&mut source, token, Interest::READABLE)
        .expect("register");
    source
}
