//! A gRPC server on tonic: the service of this package's library.

use std::error::Error;

use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use wasio_tokio_examples::listener;
use wasio_tokio_grpc::AdderServer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let incoming = TcpListenerStream::new(listener().await?);
    let server = Server::builder().add_service(AdderServer);
    Ok(server.serve_with_incoming(incoming).await?)
}
