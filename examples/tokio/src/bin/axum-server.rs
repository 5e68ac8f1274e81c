//! A server on axum, with paths, state and bodies.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use wasio_tokio_examples::listener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let visits = Arc::new(AtomicU64::new(0));
    let app = Router::new()
        .route("/", get(async || "wasio runs axum\n"))
        .route("/hello/{name}", get(hello))
        .route("/visits", get(count))
        .route("/reverse", post(reverse))
        .with_state(visits);
    axum::serve(listener().await?, app).await
}

async fn hello(Path(name): Path<String>) -> String {
    format!("hello, {name}\n")
}

async fn count(State(visits): State<Arc<AtomicU64>>) -> String {
    let before = visits.fetch_add(1, Ordering::Relaxed);
    format!("{}\n", before + 1)
}

async fn reverse(body: Bytes) -> Vec<u8> {
    body.iter().rev().copied().collect()
}
