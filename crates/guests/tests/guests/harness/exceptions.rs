//! What hosts cannot do. A guest that fails there for the host's own reason is named here,
//! with that reason, and is checked to fail still.

use super::hosts::Host;

/// Why a guest does not pass on a host.
#[derive(Clone, Copy, Debug)]
pub(super) enum Exception {
    /// It runs, and fails each time, with a message that contains `shows`. Once it passes, or fails in
    /// another way, its line here is to change.
    Fails {
        why: &'static str,
        shows: &'static str,
    },
    /// It is not run: it fails now and then, or hangs, or the host would take too long.
    Skipped(&'static str),
}

use Exception::{Fails, Skipped};

/// See PLATFORM.md, hosts of WASI 0.2.
const WAITS_IN_DROP: &str = "its drop of a stream waits until the peer has read what was written";
const ALLOWS: &str = "the command allows the network and look-ups";
const NO_COUNT: &str = "it does not say how many resources it keeps";
const CLOSES: &str = "any shutdown closes the connection at once, and loses what is not sent yet";
const TOO_SLOW: &str = "each of its many calls takes this host a tenth of a millisecond";
const ENDS_NONE: &str = "a reset ends no stream, so there is no event";
const READS_AHEAD: &str = "it has read the bytes itself, so that its close is no reset";

/// What `host` cannot do with `guest`.
pub(super) fn of(host: Host, guest: &str) -> Option<Exception> {
    let is_wasmtime = host.name().starts_with("wasmtime");
    let is_jco = host.name().starts_with("jco");
    Some(match (host.name(), guest) {
        ("sockets02" | "sockets03", "any_measures") => {
            Skipped("a component cannot import the measures")
        }
        (_, "any_measures") if matches!(host, Host::Node | Host::CommandLine(_)) => {
            Skipped("it has no measures to import")
        }
        (_, "p2_no_lookup") if is_wasmtime || is_jco => Fails {
            why: ALLOWS,
            shows: "the host forbids it: Some(",
        },
        (_, "p2_no_network") if is_wasmtime || is_jco => Fails {
            why: ALLOWS,
            shows: "no network: TcpListener",
        },
        (_, "p2_leak" | "p3_drops" | "p3_closed_listener") if is_wasmtime => Fails {
            why: NO_COUNT,
            shows: "the host counts its resources",
        },
        ("sockets02" | "wasmtime49", "p2_linger_age") => Fails {
            why: WAITS_IN_DROP,
            shows: " bytes",
        },
        ("sockets02" | "wasmtime49", "p2_linger_number") => Fails {
            why: WAITS_IN_DROP,
            shows: "left: [true, true, true, true]",
        },
        ("sockets03", "p3_http_request") => Fails {
            why: "it has `wasi:http` of WASI 0.2 alone",
            shows: "`wasi:http/types@0.3.0`, but a matching implementation was not found",
        },
        ("sockets02" | "sockets03" | "wasmtime46_03", "p2_reset_peer") => Skipped(READS_AHEAD),
        ("wasmtime49" | "wasmtime49_03" | "jco", "p2_reset_peer") => Fails {
            why: READS_AHEAD,
            shows: "it was reset: 0",
        },
        ("sockets02" | "sockets03", "net_from_std_peeks") => {
            Skipped("it traps on the `connect` of a socket of libc that has received")
        }
        ("wasmtime46" | "wasmtime46_03", "net_from_std_peeks") => {
            Skipped("the first write to a new stream of libc finds no room now and then")
        }
        (
            "browser_shim",
            "any_stdin"
            | "any_stdin_unread"
            | "any_task_stdin"
            | "any_both_streams"
            | "any_polls_see_input",
        ) => Skipped("it waits for one clock and for nothing else: a read blocks the program"),
        ("jco", guest) => return of_jco(guest),
        ("jco_03", guest) => return of_jco_03(guest),
        _ => return None,
    })
}

/// What jco cannot do with a guest of WASI 0.2.
fn of_jco(guest: &str) -> Option<Exception> {
    Some(match guest {
        "net_half_close" => Fails {
            why: CLOSES,
            shows: "the end after 0 of 5 bytes",
        },
        "net_shutdown_read" => Fails {
            why: CLOSES,
            shows: "the guest says more",
        },
        "net_from_std_lingers" => Fails {
            why: CLOSES,
            shows: " bytes",
        },
        "p2_linger_number" => Fails {
            why: CLOSES,
            shows: "left: [false, false, false, false]",
        },
        "p2_linger_sent" => Fails {
            why: CLOSES,
            shows: "left: [",
        },
        "p2_writes" => Fails {
            why: CLOSES,
            shows: "the end after ",
        },
        "net_reset" => Fails {
            why: "it returns the error of a stream again and again",
            shows: "the guest says more",
        },
        "p2_udp" => Fails {
            why: "a UDP socket that has received is ready for ever",
            shows: "READABLE",
        },
        "net_udp_refused" => Skipped("it returns the error of a socket for ever, and no datagram"),
        // A test in a test, which would not see the failure that is expected.
        "p2_timed_out" => Skipped("it has no error code for a connect that timed out"),
        "p2_stdin_again" => Skipped("it ends a program that opens standard input again"),
        "p2_leak" => Fails {
            why: "a UDP socket that was connected twice does not hear itself",
            shows: "no datagram",
        },
        "net_idle_thousand"
        | "net_thousand_mixed"
        | "p2_drop_order"
        | "p2_http_busy"
        | "p2_mixed"
        | "p2_seventy_thousand" => Skipped(TOO_SLOW),
        _ => return None,
    })
}

/// What jco cannot do with a guest of WASI 0.3.
fn of_jco_03(guest: &str) -> Option<Exception> {
    Some(match guest {
        // libc's sockets stand on 0.2.
        "net_from_std_lingers" => Fails {
            why: CLOSES,
            shows: " bytes",
        },
        // In what jco makes of `resolve-addresses` the result is lowered without a check whether
        // `subtask.cancel` has returned. The memory is something else's by then: often a lock's.
        "p3_drops" => Skipped("it writes the result of a look-up that was cancelled"),
        "p3_reset_flood" => Fails {
            why: "it has no error code for a peer that has gone",
            shows: "accept: Error: invalid-state",
        },
        "net_gone_peers" => Fails {
            why: "it has no error code for a peer that has gone",
            shows: "the guest says more: Os { code: 104",
        },
        "net_reset" => Fails {
            why: ENDS_NONE,
            shows: "the guest says more: Error { kind: UnexpectedEof",
        },
        "p3_reset_peer" => Fails {
            why: ENDS_NONE,
            shows: "no event in 20s",
        },
        "p3_closed_listener" => Fails {
            why: "what nobody accepted stays open without its listener",
            shows: "no event in 20s",
        },
        "p3_million" => Fails {
            why: "it keeps the handle of a listener's connections",
            shows: "handles of 20 listeners",
        },
        "any_flush" | "p3_exit" => Fails {
            why: "`exit` loses what is not printed yet",
            shows: "left: \"\"",
        },
        "p3_flush" => Fails {
            why: "it says that all is printed when the last of it is not",
            shows: "right: 2621440",
        },
        "net_event_debug" => {
            Skipped("now and then both directions of a new connection are one event")
        }
        "any_zero_timeout" => Fails {
            why: "a poll takes more than a millisecond",
            shows: "any_zero_timeout.rs:",
        },
        "net_echo" | "net_idle_thousand" | "net_thousand_mixed" | "p3_idle_memory" => {
            Skipped(TOO_SLOW)
        }
        _ => return None,
    })
}
