//! An HTTP/1.1 server on hyper, with keep-alive, chunked bodies and a streaming response.
//!
//! | request | response |
//! |---|---|
//! | `GET /` | a line of text |
//! | `POST /echo` | the body as it arrives, with the request's `x-id` |
//! | `POST /length` | the length of the body |
//! | `GET /count/N` | the numbers below N, one chunk per number, one every 5 ms |
//! | `GET /live-bytes` | the number of allocated bytes, with the feature of that name |

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::interval;
use wasio_tokio_examples::{accept, listener};

/// How long a client may take to send the head of a request.
const PATIENCE: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_millis(5);

type Body = BoxBody<Bytes, hyper::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let listener = listener().await?;
    loop {
        tokio::spawn(serve(accept(&listener).await));
    }
}

async fn serve(stream: TcpStream) {
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service_fn(answer))
        .await;
    if let Err(error) = served {
        // A client that disconnects does not affect the server.
        if error.is_parse() {
            eprintln!("not HTTP: {error}");
        }
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Body>, hyper::Error> {
    let path = request.uri().path().to_owned();
    match (request.method(), path.as_str()) {
        (&Method::GET, "/") => Ok(Response::new(text("wasio runs hyper\n"))),
        (&Method::POST, "/echo") => Ok(echo(request)),
        (&Method::POST, "/length") => {
            let mut body = request.into_body();
            let mut len = 0;
            while let Some(frame) = body.frame().await {
                len += frame?.data_ref().map_or(0, Bytes::len);
            }
            Ok(Response::new(text(len.to_string())))
        }
        #[cfg(feature = "live-bytes")]
        (&Method::GET, "/live-bytes") => {
            let bytes = wasio_tokio_examples::live_bytes();
            Ok(Response::new(text(bytes.to_string())))
        }
        (&Method::GET, path) => Ok(match number(path) {
            Some(end) => Response::new(count(end)),
            None => not_found(),
        }),
        _ => Ok(not_found()),
    }
}

fn echo(request: Request<Incoming>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let mut response = Response::new(body.boxed());
    if let Some(id) = head.headers.get("x-id") {
        response.headers_mut().insert("x-id", id.clone());
    }
    response
}

fn number(path: &str) -> Option<u32> {
    path.strip_prefix("/count/")?.parse().ok()
}

/// A body that is produced while it is sent. It ends early if the client stops reading.
fn count(end: u32) -> Body {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut ticks = interval(STEP);
        for number in 0..end {
            ticks.tick().await;
            let chunk = Frame::data(Bytes::from(format!("{number}\n")));
            if sender.send(Ok(chunk)).await.is_err() {
                return;
            }
        }
    });
    let stream = futures_util::stream::unfold(receiver, |mut receiver| async {
        let chunk: Result<Frame<Bytes>, Infallible> = receiver.recv().await?;
        Some((chunk, receiver))
    });
    StreamBody::new(stream)
        .map_err(|never| match never {})
        .boxed()
}

fn not_found() -> Response<Body> {
    let mut response = Response::new(text("not found\n"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn text(text: impl Into<Bytes>) -> Body {
    Full::new(text.into())
        .map_err(|never| match never {})
        .boxed()
}
