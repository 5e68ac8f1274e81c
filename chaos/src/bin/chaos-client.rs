//! The client that `chaos` puts under stress.

fn main() -> std::io::Result<()> {
    wasio_chaos::guest::client()
}
