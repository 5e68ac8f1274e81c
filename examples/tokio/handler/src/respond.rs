//! An answer that is streamed.

use wasio_tokio::ready;
use wasip2::http::types::{Fields, OutgoingBody, OutgoingResponse, ResponseOutparam};
use wasip2::io::streams::OutputStream;

use crate::Result;

/// An answer whose head is sent. Its fields are in the order in which they must be dropped.
pub(crate) struct Answer {
    stream: OutputStream,
    body: OutgoingBody,
}

impl Answer {
    pub(crate) fn start(out: ResponseOutparam, status: u16) -> Result<Self> {
        let response = OutgoingResponse::new(Fields::new());
        let status = response.set_status_code(status);
        status.map_err(|()| "that is no status")?;
        let body = response.body().map_err(|()| "the body was taken")?;
        let stream = body.write().map_err(|()| "the stream was taken")?;
        ResponseOutparam::set(out, Ok(response));
        Ok(Self { stream, body })
    }

    /// Writes all of the bytes, and waits while the client does not read. An error says that the
    /// client is gone.
    pub(crate) async fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let room = self.stream.check_write()?;
            if room == 0 {
                ready(&self.stream.subscribe()).await?;
                continue;
            }
            let room = usize::try_from(room).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(bytes.len().min(room));
            self.stream.write(now)?;
            bytes = later;
        }
        Ok(self.stream.flush()?)
    }

    pub(crate) fn finish(self) -> Result<()> {
        let Self { stream, body } = self;
        drop(stream);
        Ok(OutgoingBody::finish(body, None)?)
    }
}
