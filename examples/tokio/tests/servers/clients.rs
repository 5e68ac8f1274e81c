//! Tests of the programs that open sockets themselves, on WASI 0.2 and natively.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

use socket2::{Domain, Socket, Type};

use crate::LIMIT;
use crate::process::{On, Server, everywhere, finish, run_with, share_machine, with_network};
use crate::services;

#[test]
#[ignore = "needs redis-server (apt-get install redis-server): cargo test -- --include-ignored"]
fn redis_counts_pipelines_blocks_and_publishes() {
    let _machine = share_machine();
    let server = services::redis();
    for on in with_network() {
        services::empty_redis(&server);
        let text = run_with("redis-client", on, &[server.address(0).to_string()]);
        let expected = "counted to 1000\n\
                        pipelined (\"wasio\", [1, 2, 3])\n\
                        pipelined 10000 commands\n\
                        kept 1000000 bytes\n\
                        popped a job\n\
                        heard wasio runs redis\n\
                        heard 100 rooms\n\
                        refused: WRONGTYPE\n";
        assert_eq!(text, expected, "{on:?}");
    }
}

#[test]
fn a_hyper_client_gets_its_answers_from_servers_everywhere() {
    let _machine = share_machine();
    for served in everywhere() {
        let server = Server::start("hyper-server", served);
        for on in with_network() {
            let text = run_with("hyper-client", on, &[server.address.to_string()]);
            assert_eq!(text, "200 answers\n", "{on:?} of {served:?}");
        }
    }
}

#[test]
fn a_websocket_client_gets_its_messages_back() {
    let _machine = share_machine();
    for on in with_network() {
        let server = Server::start("websocket", on);
        let text = run_with("websocket-client", on, &[server.address.to_string()]);
        assert_eq!(text, "100 messages\n", "{on:?}");
    }
}

#[test]
fn a_udp_server_sends_each_datagram_back() {
    let _machine = share_machine();
    for on in with_network() {
        let server = Server::start("udp-echo", on);
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(server.address).unwrap();
        socket.set_read_timeout(Some(LIMIT)).unwrap();
        let mut buffer = vec![0; 64 * 1024];
        for len in (0..100_usize).map(|number| number * 499) {
            let sent = vec![len.to_le_bytes()[0]; len];
            socket.send(&sent).unwrap();
            let received = socket.recv(&mut buffer).unwrap();
            assert!(buffer[..received] == sent, "{on:?}: {len} bytes");
        }
        socket.send(b"end").unwrap();
        assert_eq!(server.finish(), "");
    }
}

#[test]
fn every_way_to_connect_works_or_says_why_not() {
    let _machine = share_machine();
    for on in with_network() {
        let echo = Server::start("tokio-echo", on);
        let unused = TcpListener::bind("127.0.0.1:0").unwrap();
        let closed = unused.local_addr().unwrap();
        drop(unused);
        let silent = Silent::new();
        let addresses = [echo.address, closed, silent.address].map(|one| one.to_string());
        assert_eq!(run_with("guest-dial", on, &addresses), "done\n", "{on:?}");
    }
}

#[test]
fn descriptors_stand_for_sockets_that_have_none() {
    let _machine = share_machine();
    for on in with_network() {
        let echo = Server::start("tokio-echo", on);
        let address = [echo.address.to_string()];
        assert_eq!(
            run_with("guest-descriptors", on, &address),
            "done\n",
            "{on:?}"
        );
    }
}

/// tokio looks up names on a separate thread. The README says what to do instead.
#[test]
fn tokio_looks_names_up_natively_and_panics_on_wasi() {
    let _machine = share_machine();
    assert_eq!(run_with("guest-lookup", On::Native, &[]), "true\n");
    let output = finish("guest-lookup", On::Wasi02, &[]);
    assert!(!output.status.success());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("can't spawn worker thread"), "{errors}");
}

/// An address that neither accepts nor refuses connections.
struct Silent {
    address: SocketAddr,
    _sockets: Vec<Socket>,
}

impl Silent {
    fn new() -> Self {
        const MORE_THAN_ITS_QUEUE: usize = 20;

        let socket = || Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let listener = socket();
        let any: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
        listener.bind(&any.into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let mut sockets = vec![listener];
        for _ in 0..MORE_THAN_ITS_QUEUE {
            let client = socket();
            client.set_nonblocking(true).unwrap();
            // The attempt remains pending.
            let _ = client.connect(&address.into());
            sockets.push(client);
        }
        Self {
            address,
            _sockets: sockets,
        }
    }
}
