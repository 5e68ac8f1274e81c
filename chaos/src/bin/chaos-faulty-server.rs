//! The server with a fault that it has on purpose, which its argument `bug=` names.

use wasio_chaos::guest::{Bug, server};

fn main() -> std::io::Result<()> {
    server(Some(Bug::from_arguments()?))
}
