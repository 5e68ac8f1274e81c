//! A component that exports `wasi:http/incoming-handler` and answers with tokio inside.
//!
//! For each request it counts in redis, over TCP, and gets a page of another server, by an outgoing
//! request of `wasi:http`, at the same time. Then it streams its answer, in as many lines as the
//! query of the path says. `REDIS` and `SERVER` in its environment are the addresses.
//!
//! ```sh
//! cargo build --release --target wasm32-wasip2 -p wasio-tokio-handler
//! wasmtime serve -S cli,inherit-network --env REDIS=127.0.0.1:6379 --env SERVER=127.0.0.1:8080 \
//!     ../../target/tokio/wasm32-wasip2/release/wasio_tokio_handler.wasm
//! ```
#![cfg(all(target_os = "wasi", target_env = "p2"))]

mod fetch;
mod respond;

use std::env;
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::time::sleep;
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};

use self::respond::Answer;

/// How often a line is streamed.
const PERIOD: Duration = Duration::from_millis(5);

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

wasip2::http::proxy::export!(Handler);

struct Handler;

impl Guest for Handler {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let path = request.path_with_query().unwrap_or_default();
        let runtime = Builder::new_current_thread().enable_all().build();
        // The host makes 500 of a request without an answer.
        match runtime {
            Ok(runtime) => runtime.block_on(answer(&path, out)),
            Err(error) => eprintln!("no runtime: {error}"),
        }
    }
}

async fn answer(path: &str, out: ResponseOutparam) {
    let server = variable("SERVER");
    let (counted, page) = tokio::join!(count("requests"), fetch::page(&server));
    let text = match (counted, page) {
        (Ok(number), Ok(page)) => format!("request {number}: {} bytes\n", page.len()),
        (Err(error), _) | (_, Err(error)) => {
            let sentence = format!("{error}\n");
            // Of an answer that is an error nothing is left to say if its client is gone.
            let _ = stream(out, 502, &sentence, 0).await;
            return;
        }
    };
    let lines = path
        .split_once('?')
        .and_then(|(_, query)| query.parse().ok());
    if let Err(error) = stream(out, 200, &text, lines.unwrap_or(0)).await {
        eprintln!("{path}: {error}");
        // A client that went away in the middle is counted too.
        if let Err(error) = count("gone").await {
            eprintln!("{path}: {error}");
        }
    }
}

/// Sends a first line, and then `lines` more.
async fn stream(out: ResponseOutparam, status: u16, first: &str, lines: u32) -> Result<()> {
    let mut answer = Answer::start(out, status)?;
    answer.write(first.as_bytes()).await?;
    for number in 0..lines {
        sleep(PERIOD).await;
        answer.write(format!("line {number}\n").as_bytes()).await?;
    }
    answer.finish()
}

/// Counts one up in redis.
async fn count(name: &str) -> Result<u64> {
    let redis = variable("REDIS");
    let number = increment(&redis, name).await;
    number.map_err(|error| format!("redis, at {redis:?}: {error}").into())
}

async fn increment(redis: &str, name: &str) -> Result<u64> {
    let mut stream = TcpStream::connect(redis.parse::<SocketAddr>()?).await?;
    stream
        .write_all(format!("INCR {name}\r\n").as_bytes())
        .await?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await?;
    let number = line
        .strip_prefix(':')
        .ok_or_else(|| format!("redis said {line:?}"))?;
    Ok(number.trim_end().parse()?)
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}
