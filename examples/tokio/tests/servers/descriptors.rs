//! Servers that run out of descriptors.

use crate::process::{Server, on_every_host, share_machine};
use crate::{connect, exchange};

/// What the host may open: its descriptors, those of the server, and all but some of the
/// connections.
const LIMIT: u32 = 64;
const CONNECTIONS: usize = 100;

/// On tokio, and on mio alone.
#[test]
fn a_server_that_ran_out_of_descriptors_serves_again_when_some_are_free() {
    let _machine = share_machine();
    for on in on_every_host() {
        for program in ["tokio-echo", "echo"] {
            let server = Server::start_limited(program, on, LIMIT);
            let held: Vec<_> = (0..CONNECTIONS).map(|_| connect(server.address)).collect();
            server.expect_error("accept: ");
            drop(held);
            for _ in 0..10 {
                let mut stream = connect(server.address);
                let answer = exchange(&mut stream, b"hello");
                assert_eq!(answer, b"hello", "{program} on {on:?}");
            }
        }
    }
}
