//! A gRPC server on tonic: the service of this package's library.

use std::error::Error;
use std::io;

use futures_util::stream;
use tonic::transport::Server;
use wasio_tokio_examples::{accept, listener};
use wasio_tokio_grpc::AdderServer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // tonic goes on at once after an error of an accept. This pauses first.
    let incoming = stream::unfold(listener().await?, async |listener| {
        let stream = accept(&listener).await;
        Some((Ok::<_, io::Error>(stream), listener))
    });
    let server = Server::builder().add_service(AdderServer);
    Ok(server.serve_with_incoming(incoming).await?)
}
