//! The test guests: tasks, cancellation and sleeps.

use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

use crate::process::{
    On, Server, everywhere, on_every_host, own_machine, run, share_machine, with_network,
};
use crate::rng::Rng;
use crate::{connect, exchange};

#[test]
fn sync_spawn_local_join_set_and_select_work() {
    let _machine = share_machine();
    for on in on_every_host() {
        assert_eq!(run("guest-tasks", on), "done\n", "{on:?}");
    }
}

/// Standard input, a look-up, an answer of `wasi:http`, a stream, a socket and a timer.
#[test]
fn all_that_a_program_may_wait_for_is_awaited_in_one_select() {
    let _machine = own_machine();
    let pages = Server::start("hyper-server", On::Native);
    let address = pages.address.to_string();
    for on in with_network() {
        if !matches!(on, On::Wasi02 | On::CommandLine02) {
            continue;
        }
        let (server, mut input) = Server::start_with_input_and("guest-select", on, &address);
        let mut stream = connect(server.address);
        let line = server.next_line();
        let to: SocketAddr = line.strip_prefix("datagrams ").unwrap().parse().unwrap();
        server.expect_line("the rest");
        writeln!(input, "one").unwrap();
        server.expect_line("input: one");
        writeln!(stream, "two").unwrap();
        server.expect_line("stream: two");
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(b"three\n", to).unwrap();
        server.expect_line("datagram: three");
        // For each of the three the `select!` is polled before it waits, unless it has come by then,
        // and after it was woken. A wake costs one poll more at most.
        let line = server.next_line();
        let polls: u32 = line.strip_suffix(" polls").unwrap().parse().unwrap();
        assert!((3..=9).contains(&polls), "{on:?}: {polls} polls for three");
        server.finish();
    }
}

#[test]
fn a_million_waits_allocate_nothing_and_dropped_ones_leave_nothing() {
    let _machine = share_machine();
    for on in on_every_host() {
        let printed = run("guest-waits", on);
        assert_eq!(printed, "0 allocations, 0 bytes left\n", "{on:?}");
    }
}

#[test]
fn a_read_that_was_dropped_loses_no_byte() {
    let _machine = share_machine();
    for on in on_every_host() {
        // On a busy machine all bytes may have come before the guest waits for one.
        let dropped: Vec<u32> = (0..5)
            .map_while(|_| {
                let dropped = drops_reads(on);
                (dropped < 10).then_some(dropped)
            })
            .collect();
        assert!(
            dropped.len() < 5,
            "{on:?}: reads that were dropped: {dropped:?}"
        );
    }
}

/// Sends bytes to a guest that drops reads and returns all in the end. Returns how many it dropped.
fn drops_reads(on: On) -> u32 {
    let server = Server::start("guest-cancel", on);
    let mut stream = connect(server.address);
    let mut rng = Rng::new(1);
    let bytes = rng.bytes(50_000);
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        let (part, more) = rest.split_at((1 + rng.below(1500)).min(rest.len()));
        stream.write_all(part).unwrap();
        // Some arrive before the read is dropped, others after.
        thread::sleep(Duration::from_micros(rng.next() % 4000));
        rest = more;
    }
    stream.shutdown(Shutdown::Write).unwrap();
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    reader.read_line(&mut head).unwrap();
    let mut returned = Vec::new();
    reader.read_to_end(&mut returned).unwrap();
    assert!(returned == bytes, "{on:?}: {} bytes", returned.len());
    server.finish();
    head.trim().parse().unwrap()
}

#[test]
fn sleeps_are_never_early_and_three_milliseconds_late_at_most() {
    const LATEST_US: u64 = 3000;

    let _machine = own_machine();
    for on in everywhere() {
        let server = Server::start("guest-sleeps", on);
        let address = server.address;
        let clients: Vec<_> = (0..4).map(|_| busy_client(address)).collect();
        let mut late_us: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for line in server.finish().lines() {
            let (ms, took_us) = line.split_once(' ').unwrap();
            let (ms, took_us): (u64, u64) = (ms.parse().unwrap(), took_us.parse().unwrap());
            assert!(took_us >= ms * 1000, "{on:?}: {ms} ms took {took_us} us");
            late_us.entry(ms).or_default().push(took_us - ms * 1000);
        }
        assert_eq!(late_us.len(), 8);
        for (ms, mut late_us) in late_us {
            late_us.sort_unstable();
            let median_us = late_us[late_us.len() / 2];
            assert!(
                median_us <= LATEST_US,
                "{on:?}: {ms} ms, median {median_us} us late: {late_us:?}"
            );
        }
        let exchanges: Vec<u64> = clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect();
        assert!(
            exchanges.iter().all(|exchanges| *exchanges > 100),
            "{on:?}: {exchanges:?}"
        );
    }
}

/// Peers that connect and reset at once, as port scanners and some load balancers do. wasi-libc
/// aborts a program that asks for the address of such a peer.
#[test]
fn peers_that_reset_at_once_stop_no_server() {
    let _machine = share_machine();
    for on in on_every_host() {
        let mut server = Server::start("tokio-echo", on);
        for _ in 0..500 {
            let stream = connect(server.address);
            let socket = socket2::SockRef::from(&stream);
            socket.set_linger(Some(Duration::ZERO)).unwrap();
        }
        let mut stream = connect(server.address);
        assert_eq!(exchange(&mut stream, b"there"), b"there", "{on:?}");
        assert!(server.is_running(), "{on:?}");
    }
}

/// Peers that reset before they are accepted, after they have sent something, and after an answer.
/// Those that got one were there, and so was their address. WASI 0.1 has no addresses.
#[test]
fn peers_that_reset_at_any_moment_have_the_right_address_or_none() {
    const PEERS: usize = 10_000;

    let _machine = share_machine();
    for on in with_network() {
        let server = Server::start("guest-peers", on);
        let (mut all, mut answered) = (HashSet::new(), HashSet::new());
        for number in 0..PEERS {
            let mut stream = connect(server.address);
            let address = stream.local_addr().unwrap();
            all.insert(address);
            let linger = Some(Duration::ZERO);
            (socket2::SockRef::from(&stream).set_linger(linger)).unwrap();
            match number % 4 {
                0 => {}
                1 => stream.write_all(b"gone").unwrap(),
                2 => {
                    assert_eq!(exchange(&mut stream, b"there"), b"there", "{on:?}");
                    answered.insert(address);
                }
                // Anywhere between: the server has its turn before the reset, or not.
                _ => {
                    stream.write_all(&[1; 512]).unwrap();
                    thread::yield_now();
                }
            }
        }
        let mut last = connect(server.address);
        answered.insert(last.local_addr().unwrap());
        all.extend(&answered);
        last.write_all(b"end").unwrap();
        let reported: HashSet<SocketAddr> = (server.finish().lines())
            .map(|line| line.parse().unwrap())
            .collect();
        assert_eq!(reported.difference(&all).next(), None, "{on:?}");
        assert_eq!(answered.difference(&reported).next(), None, "{on:?}");
    }
}

/// Exchanges messages until the server ends. Returns their number.
fn busy_client(address: SocketAddr) -> thread::JoinHandle<u64> {
    let mut stream: TcpStream = connect(address);
    thread::spawn(move || {
        assert_eq!(exchange(&mut stream, b"first"), b"first");
        let mut exchanges = 1;
        let mut buffer = [0; 64];
        while stream.write_all(&[9; 64]).is_ok() && stream.read_exact(&mut buffer).is_ok() {
            exchanges += 1;
        }
        exchanges
    })
}
