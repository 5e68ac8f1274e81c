//! Runs each program on WASI (in wasio-host) and natively, and tests it with clients.
//!
//! The clients are threads with sockets of the standard library, so they share no code with the
//! programs under test.

mod behaviours;
mod chat;
mod clients;
mod cpu;
mod descriptors;
mod echo;
mod grpc;
mod handler;
mod http;
mod http_load;
mod https;
mod mio_programs;
mod postgres;
mod process;
mod readme;
mod repl;
mod rng;
mod services;
mod websocket;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a client waits for anything before its test fails.
const LIMIT: Duration = Duration::from_secs(60);

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, LIMIT).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.set_write_timeout(Some(LIMIT)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Sends `bytes`, and reads the same number of bytes.
fn exchange(stream: &mut TcpStream, bytes: &[u8]) -> Vec<u8> {
    stream.write_all(bytes).unwrap();
    let mut answer = vec![0; bytes.len()];
    stream.read_exact(&mut answer).unwrap();
    answer
}
