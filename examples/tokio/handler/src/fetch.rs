//! Outgoing requests of `wasi:http`.

use wasio_tokio::ready;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{Fields, IncomingResponse, OutgoingRequest, Scheme};
use wasip2::io::streams::StreamError;

use crate::Result;

const CHUNK_LEN: u64 = 16 * 1024;

/// The body of the page `/` of a server.
pub(crate) async fn page(server: &str) -> Result<Vec<u8>> {
    let request = OutgoingRequest::new(Fields::new());
    let is_valid = request.set_scheme(Some(&Scheme::Http)).is_ok()
        && request.set_authority(Some(server)).is_ok()
        && request.set_path_with_query(Some("/")).is_ok();
    if !is_valid {
        return Err(format!("{server:?} is no server").into());
    }
    let pending = outgoing_handler::handle(request, None)
        .map_err(|code| format!("cannot ask {server}: {code}"))?;
    ready(&pending.subscribe()).await?;
    let answer = pending.get().ok_or("the answer is not there yet")?;
    let answer = answer
        .map_err(|()| "the answer was taken")?
        .map_err(|code| format!("no answer of {server}: {code}"))?;
    body(&answer).await
}

async fn body(answer: &IncomingResponse) -> Result<Vec<u8>> {
    let body = answer.consume().map_err(|()| "the body was taken")?;
    let stream = body.stream().map_err(|()| "the stream was taken")?;
    let mut bytes = Vec::new();
    loop {
        match stream.read(CHUNK_LEN) {
            Ok(chunk) if chunk.is_empty() => ready(&stream.subscribe()).await?,
            Ok(chunk) => bytes.extend(chunk),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(error) => return Err(error.into()),
        }
    }
}
