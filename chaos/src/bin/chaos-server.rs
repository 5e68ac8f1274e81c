//! The server that `chaos` puts under stress.

fn main() -> std::io::Result<()> {
    wasio_chaos::guest::server(None)
}
