//! The service of `grpc-server` and `grpc-client`, as tonic's generator would write it: its messages,
//! its names, its server and its client. Written by hand, the build needs no `protoc`.
//!
//! ```proto
//! package wasio;
//! service Adder {
//!   rpc Add(Numbers) returns (Sum);
//!   rpc Count(Number) returns (stream Number);
//!   rpc Accumulate(stream Number) returns (stream Sum);
//! }
//! message Number { int64 value = 1; }
//! message Numbers { repeated int64 values = 1; }
//! message Sum { int64 value = 1; }
//! ```

mod client;
mod server;

use std::pin::Pin;

use futures_util::Stream;
use tonic::Status;

pub use self::client::AdderClient;
pub use self::server::AdderServer;

const ADD: &str = "/wasio.Adder/Add";
const COUNT: &str = "/wasio.Adder/Count";
const ACCUMULATE: &str = "/wasio.Adder/Accumulate";

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Number {
    #[prost(int64, tag = "1")]
    pub value: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Numbers {
    #[prost(int64, repeated, tag = "1")]
    pub values: Vec<i64>,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Sum {
    #[prost(int64, tag = "1")]
    pub value: i64,
}

/// Messages of one direction, which an error ends.
pub type Messages<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;
