//! An HTTP client on hyper. It posts bodies to `/echo` of the server in its first argument, over a
//! few keep-alive connections, and compares the responses.
//!
//! The connections are made by tokio. `http-client` uses the pooled client of hyper-util.

use std::env;
use std::error::Error;
use std::io;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::HOST;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const CONNECTIONS: usize = 8;
const REQUESTS: usize = 25;
/// The lengths of the bodies increase by this prime.
const STEP: usize = 4999;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let address = env::args().nth(1).ok_or_else(no_address)?;
    let mut tasks = JoinSet::new();
    for connection in 0..CONNECTIONS {
        let address = address.clone();
        tasks.spawn(async move {
            let stream = TcpStream::connect(&address).await?;
            let (mut sender, connected) = handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connected);
            for number in 0..REQUESTS {
                post(&mut sender, &address, connection * REQUESTS + number).await?;
            }
            Result::Ok(())
        });
    }
    for done in tasks.join_all().await {
        done?;
    }
    println!("{} answers", CONNECTIONS * REQUESTS);
    Ok(())
}

async fn post(sender: &mut SendRequest<Full<Bytes>>, host: &str, id: usize) -> Result<()> {
    let body = Bytes::from(vec![id.to_le_bytes()[0]; id * STEP % 100_000]);
    let request = Request::post("/echo")
        .header(HOST, host)
        .header("x-id", id)
        .body(Full::new(body.clone()))?;
    sender.ready().await?;
    let answer = sender.send_request(request).await?;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["x-id"], id.to_string());
    assert!(answer.into_body().collect().await?.to_bytes() == body);
    Ok(())
}

fn no_address() -> io::Error {
    let sentence = "the server's address is missing: hyper-client 127.0.0.1:8080";
    io::Error::new(io::ErrorKind::InvalidInput, sentence)
}
