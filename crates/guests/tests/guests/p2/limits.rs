//! What must not grow, and what ends by itself.

use std::env;
use std::process::Command;
use std::time::{Duration, Instant};

use wasio_host::{Exit, peer};

use crate::harness::{Case, skip};
use crate::talk::{hear, say};

const CONNECTS: usize = 10_000;

/// The host keeps no more after many connections than after few.
pub(crate) fn p2_leak(case: &Case) {
    let left = |count: usize| {
        let outcome = case.setup().arg(count.to_string()).start().succeeds();
        outcome.resources.expect("the host counts its resources")
    };
    // The least that has every kind of everything.
    let few = left(20);
    assert!((1..100).contains(&few), "{few}");
    let many = left(CONNECTS);
    eprintln!("{few} resources after 20 connects, {many} after {CONNECTS}");
    // A clock or two may be there or not.
    assert!(many < few + 8, "{few} resources became {many}");
}

/// Set for the test that runs in a network of its own.
const INSIDE: &str = "WASIO_TEST_OWN_NETWORK";

/// A connection that nobody answers. The kernel gives it up after two minutes, or after three
/// seconds where it is told to try again once only: in a network namespace, whose loopback device
/// swallows what is sent to this network.
pub(crate) fn p2_timed_out(case: &Case) {
    const SETUP: &str = "ip link set lo up && ip route add 198.51.100.0/24 dev lo \
        && echo 1 > /proc/sys/net/ipv4/tcp_syn_retries && exec \"$@\"";
    if env::var_os(INSIDE).is_some() {
        let start = Instant::now();
        let outcome = case.setup().arg("198.51.100.7:9").start().succeeds();
        assert!(start.elapsed() > Duration::from_secs(2));
        assert!(start.elapsed() < Duration::from_secs(20));
        assert_eq!(outcome.stdout_text(), "timed out\n");
        return;
    }
    let namespace = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--net", "sh", "-c", script, "sh"]);
        command
    };
    let possible = namespace(SETUP).arg("true").output();
    if !possible.is_ok_and(|output| output.status.success()) {
        skip("no network namespace can be made here (`unshare` and `ip` are needed)");
    }
    let mut again = namespace(SETUP);
    again.arg(env::current_exe().unwrap());
    let name = format!("p2_timed_out::{}", case.host().name());
    let output = again.args([&name, "--exact"]).env(INSIDE, "1").output();
    let output = output.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}

pub(crate) fn p2_seventy_thousand(case: &Case) {
    assert_eq!(case.start().succeeds().stdout_text(), "done\n");
}

/// Sockets are refused before the host ends the program. Without a limit it does.
pub(crate) fn p2_handle_limit(case: &Case) {
    const PEERS: usize = 160;
    // The listener has 3 handles, and a connection 7 on WASI 0.2, or 4 on WASI 0.3. One is left.
    const LIMIT: usize = 3 + 56 * 7 + 1;
    let connections = if case.host().is_03() { 98 } else { 56 };
    let start = |limit: usize| {
        let setup = case.setup().listeners(1).handles(450);
        setup.arg(limit.to_string()).start()
    };
    let guest = start(LIMIT);
    let peers: Vec<_> = (0..PEERS).map(|_| guest.connect()).collect();
    guest.expect_stdout(&format!("{connections} connections\n"));
    let last = &peers[connections - 1];
    hear(last, "hello");
    say(last, "hello");
    guest.succeeds();

    if !case.host().is_process() {
        let guest = start(1_000_000);
        // Until the guest is ended.
        let connect = |_| peer::connect(guest.addr(0)).ok();
        let _peers: Vec<_> = (0..PEERS).map_while(connect).collect();
        let Exit::Trap(trap) = guest.outcome().exit else {
            panic!("the host has no limit");
        };
        assert!(
            trap.contains("as many handles as the host allows"),
            "{trap}"
        );
    }
}
