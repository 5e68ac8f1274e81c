//! The server: what each method does, and which path leads to it.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{Stream, StreamExt, stream};
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http;
use tonic::server::{Grpc, NamedService, ServerStreamingService, StreamingService, UnaryService};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

use crate::{ACCUMULATE, ADD, COUNT, Messages, Number, Numbers, Sum};

/// The service, for `Server::builder().add_service`.
#[derive(Clone, Copy, Debug)]
pub struct AdderServer;

impl NamedService for AdderServer {
    const NAME: &'static str = "wasio.Adder";
}

impl Service<http::Request<Body>> for AdderServer {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            Ok(match request.uri().path() {
                ADD => Grpc::new(ProstCodec::default()).unary(Add, request).await,
                COUNT => {
                    let mut grpc = Grpc::new(ProstCodec::default());
                    grpc.server_streaming(Count, request).await
                }
                ACCUMULATE => {
                    let mut grpc = Grpc::new(ProstCodec::default());
                    grpc.streaming(Accumulate, request).await
                }
                path => Status::unimplemented(format!("there is no {path}")).into_http(),
            })
        })
    }
}

struct Add;

/// The sum of the numbers. Without any it never answers, for clients with a deadline.
impl UnaryService<Numbers> for Add {
    type Response = Sum;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Sum>, Status>> + Send>>;

    fn call(&mut self, request: Request<Numbers>) -> Self::Future {
        let values = request.into_inner().values;
        if values.is_empty() {
            return Box::pin(std::future::pending());
        }
        let sum = values.into_iter().try_fold(0, i64::checked_add);
        Box::pin(ready(match sum {
            Some(value) => Ok(Response::new(Sum { value })),
            None => Err(Status::out_of_range("the sum has no room in 64 bits")),
        }))
    }
}

struct Count;

/// The numbers from 1 to that of the request.
impl ServerStreamingService<Number> for Count {
    type Response = Number;
    type ResponseStream = Messages<Number>;
    type Future = Ready<Result<Response<Messages<Number>>, Status>>;

    fn call(&mut self, request: Request<Number>) -> Self::Future {
        let numbers = 1..=request.into_inner().value;
        let numbers = stream::iter(numbers.map(|value| Ok(Number { value })));
        ready(Ok(Response::new(Box::pin(numbers))))
    }
}

struct Accumulate;

/// For each number the sum of those that came so far.
impl StreamingService<Number> for Accumulate {
    type Response = Sum;
    type ResponseStream = Messages<Sum>;
    type Future = Ready<Result<Response<Messages<Sum>>, Status>>;

    fn call(&mut self, request: Request<Streaming<Number>>) -> Self::Future {
        ready(Ok(Response::new(Box::pin(sums(request.into_inner())))))
    }
}

fn sums(
    numbers: impl Stream<Item = Result<Number, Status>>,
) -> impl Stream<Item = Result<Sum, Status>> {
    numbers.scan(0_i64, |sum, number| {
        ready(Some(number.map(|number| {
            *sum = sum.saturating_add(number.value);
            Sum { value: *sum }
        })))
    })
}
