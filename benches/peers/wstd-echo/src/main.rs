//! An echo server on wstd with one task per connection, as in wstd's example.
#![deny(unsafe_code)]

#[cfg(all(target_os = "wasi", target_env = "p2"))]
mod server;

#[cfg(all(target_os = "wasi", target_env = "p2"))]
fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.find(|argument| !argument.starts_with('-'));
    wstd::runtime::block_on(server::run(address.as_deref().unwrap_or("127.0.0.1:0")))
}

#[cfg(not(all(target_os = "wasi", target_env = "p2")))]
fn main() -> std::io::Result<()> {
    Err(std::io::Error::other("wstd runs on WASI 0.2 alone"))
}
