//! What hosts of others cannot do. A guest that fails there for the host's own reason is named here,
//! with that reason, and is checked to fail still.

/// Why a guest does not pass on a host.
#[derive(Clone, Copy, Debug)]
pub(super) enum Exception {
    /// It runs, and fails each time. Once it passes, its line here is to go.
    Fails(&'static str),
    /// It is not run: it fails now and then, or hangs, or the host would take too long.
    Skipped(&'static str),
}

use Exception::{Fails, Skipped};

/// See PLATFORM.md, hosts of WASI 0.2.
const WAITS_IN_DROP: &str = "its drop of a stream waits until the peer has read what was written";

/// What the host called `host` cannot do with `guest`.
pub(super) fn of(host: &str, guest: &str) -> Option<Exception> {
    let is_wasmtime = host.starts_with("wasmtime");
    Some(match (host, guest) {
        (_, "any_measures") => Skipped("it has no measures to import"),
        (_, "p2_no_lookup" | "p2_no_network") if is_wasmtime => {
            Fails("the command allows the network and look-ups")
        }
        (_, "p2_leak" | "p3_drops" | "p3_closed_listener") if is_wasmtime => {
            Fails("it does not say how many resources it keeps")
        }
        ("wasmtime49", "p2_linger_age" | "p2_linger_number") => Skipped(WAITS_IN_DROP),
        ("wasmtime49", "p2_reset_peer") => {
            Fails("it has read the bytes itself, so that its close is no reset")
        }
        ("wasmtime46" | "wasmtime49", "p2_drop_order") => {
            Skipped("the first write to a new stream finds no room now and then")
        }
        ("wasmtime46" | "wasmtime46_03", "net_from_std_peeks") => {
            Skipped("the first write to a new stream of libc finds no room now and then")
        }
        _ => return of_javascript(host, guest),
    })
}

fn of_javascript(host: &str, guest: &str) -> Option<Exception> {
    Some(match (host, guest) {
        (
            "browser_shim",
            "any_stdin" | "any_task_stdin" | "any_both_streams" | "any_polls_see_input",
        ) => Skipped("it waits for one clock and for nothing else: a read blocks the program"),
        _ => return None,
    })
}
