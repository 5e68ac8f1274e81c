//! Tests of the programs that use mio directly.

use std::io::Read;
use std::thread;
use std::time::{Duration, Instant};

use crate::process::{Server, on_every_host, share_machine};
use crate::rng::Rng;
use crate::{connect, exchange};

#[test]
fn an_echo_server_in_the_shape_of_mio_works_unchanged() {
    let _machine = share_machine();
    for on in on_every_host() {
        let server = Server::start("echo", on);
        let address = server.address;
        let clients: Vec<_> = (0..20)
            .map(|seed| {
                thread::spawn(move || {
                    let mut rng = Rng::new(seed);
                    let mut stream = connect(address);
                    for _ in 0..50 {
                        let len = 1 + rng.below(60_000);
                        let bytes = rng.bytes(len);
                        assert_eq!(exchange(&mut stream, &bytes), bytes);
                    }
                })
            })
            .collect();
        for client in clients {
            client.join().unwrap();
        }
    }
}

#[test]
fn a_loop_with_deadlines_of_its_own_keeps_them() {
    let _machine = share_machine();
    for on in on_every_host() {
        let server = Server::start("ticker", on);
        for _ in 0..3 {
            let start = Instant::now();
            let mut text = String::new();
            connect(server.address).read_to_string(&mut text).unwrap();
            let took = start.elapsed();
            assert_eq!(text, "0\n1\n2\n3\n4\n", "{on:?}");
            assert!(took >= Duration::from_millis(90), "{on:?}: {took:?}");
            assert!(took < Duration::from_secs(2), "{on:?}: {took:?}");
        }
    }
}
