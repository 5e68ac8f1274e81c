//! The client: one function per method of the service.

use futures_util::Stream;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::codegen::http::Uri;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Request, Status, Streaming};
use tonic_prost::ProstCodec;
use wasio_tokio::Connector;

use crate::{ACCUMULATE, ADD, COUNT, Number, Numbers, Sum};

/// A client over a connection of hyper-util's, by name. Clones share it.
#[derive(Clone, Debug)]
pub struct AdderClient(Grpc<Client<Connector, Body>>);

impl AdderClient {
    /// A client of a server, as `http://localhost:8080`. It connects when it is first used.
    #[must_use]
    pub fn new(server: Uri) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .http2_only(true)
            .build(Connector::new());
        Self(Grpc::with_origin(client, server))
    }

    /// # Errors
    ///
    /// Those of the server, and of the connection.
    pub async fn add(&mut self, request: Request<Numbers>) -> Result<Sum, Status> {
        self.ready().await?;
        let path = PathAndQuery::from_static(ADD);
        let sum = self.0.unary(request, path, ProstCodec::default()).await?;
        Ok(sum.into_inner())
    }

    /// # Errors
    ///
    /// Those of the server, and of the connection.
    pub async fn count(&mut self, to: Number) -> Result<Streaming<Number>, Status> {
        self.ready().await?;
        let (request, path) = (Request::new(to), PathAndQuery::from_static(COUNT));
        let codec = ProstCodec::default();
        let numbers = self.0.server_streaming(request, path, codec).await?;
        Ok(numbers.into_inner())
    }

    /// # Errors
    ///
    /// Those of the server, and of the connection.
    pub async fn accumulate(
        &mut self,
        numbers: impl Stream<Item = Number> + Send + 'static,
    ) -> Result<Streaming<Sum>, Status> {
        self.ready().await?;
        let (request, path) = (Request::new(numbers), PathAndQuery::from_static(ACCUMULATE));
        let sums = self
            .0
            .streaming(request, path, ProstCodec::default())
            .await?;
        Ok(sums.into_inner())
    }

    async fn ready(&mut self) -> Result<(), Status> {
        let ready = self.0.ready().await;
        ready.map_err(|error| Status::unavailable(error.to_string()))
    }
}
