//! Tests of `tokio-echo`.

use std::thread;
use std::time::{Duration, Instant};

use crate::process::{Server, everywhere, on_every_host, own_machine, share_machine};
use crate::rng::Rng;
use crate::{connect, cpu, exchange};

#[test]
fn many_connections_get_back_what_they_sent() {
    let _machine = share_machine();
    for on in on_every_host() {
        let server = Server::start("tokio-echo", on);
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

/// mio's WASI selector is level-triggered, so tokio spins on it and uses a full core.
#[test]
fn a_thousand_idle_connections_cost_less_than_a_hundredth_of_a_core() {
    const WATCHED: Duration = Duration::from_secs(4);

    let _machine = own_machine();
    for on in everywhere() {
        let server = Server::start("tokio-echo", on);
        let mut streams: Vec<_> = (0..1000).map(|_| connect(server.address)).collect();
        // All connections are accepted, have echoed once, and are idle.
        for stream in &mut streams {
            assert_eq!(exchange(stream, b"hello"), b"hello");
        }
        let before = cpu::time(server.id());
        let start = Instant::now();
        thread::sleep(WATCHED);
        let used = cpu::time(server.id()) - before;
        let share = used.as_secs_f64() / start.elapsed().as_secs_f64();
        assert!(share < 0.01, "{on:?}: {:.2}% of a core", share * 100.0);
        // The connections still work.
        for stream in streams.iter_mut().step_by(100) {
            assert_eq!(exchange(stream, b"again"), b"again");
        }
    }
}

#[test]
fn a_client_that_does_not_read_holds_up_nobody_else() {
    use std::io::Write;
    use std::net::Shutdown;

    let _machine = share_machine();
    for on in everywhere() {
        let mut server = Server::start("tokio-echo", on);
        let deaf = connect(server.address);
        deaf.set_write_timeout(Some(Duration::from_millis(200)))
            .unwrap();
        let mut sent = 0;
        // Write until the buffers of both sides are full.
        while let Ok(more) = (&deaf).write(&[7; 65536]) {
            sent += more;
        }
        assert!(sent > 65536, "{on:?}: {sent} bytes");
        let mut stream = connect(server.address);
        assert_eq!(exchange(&mut stream, b"hello"), b"hello");
        // Now it reads, and receives every byte.
        deaf.shutdown(Shutdown::Write).unwrap();
        let mut deaf = deaf;
        let returned = std::io::copy(&mut deaf, &mut std::io::sink()).unwrap();
        assert!(returned >= sent as u64, "{on:?}: {returned} of {sent}");
        assert!(server.is_running());
    }
}
