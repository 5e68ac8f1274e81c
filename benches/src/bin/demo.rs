//! `cargo xtask demo`: a WebAssembly server with a thousand real connections.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::{Parser, ValueEnum};
use signal_hook::consts::{SIGINT, SIGTERM};
use wasio_bench::artifact::Artifact;
use wasio_bench::demo::{self, Plan};
use wasio_bench::exchange::Protocol;
use wasio_bench::peer::Peer;
use wasio_bench::server::Server;
use wasio_bench::{format, prepare_process};

const ECHO: Artifact = Artifact {
    workspace: "",
    package: "wasio-examples",
    program: "echo",
    target: Some("wasm32-wasip1"),
    profile: "release",
};

/// The longest that sending to the server beside may take; it is there to be
/// compared, and shows what it does in this time too.
const LIMIT_BESIDE: Duration = Duration::from_secs(30);

/// Between two looks whether Ctrl-C was pressed.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Serves a thousand TCP connections from a WebAssembly module on wasio and
/// checks every byte, then does the same to the same server on mio
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask demo")]
struct Arguments {
    /// Connections open at the same time
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = at_least_one)]
    clients: usize,
    /// Messages on each, of 1 byte to 64 KiB
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = at_least_one)]
    messages: usize,
    /// How long the idle server is watched
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// A server on tokio instead, with the drop-in mio and with mio 1.2.5
    #[arg(long, value_enum, conflicts_with = "guest")]
    with: Option<With>,
    /// Serve until Ctrl-C instead, for nc or curl
    #[arg(long, value_name = "ADDR", num_args = 0..=1, default_missing_value = "127.0.0.1:0")]
    serve: Option<String>,
    /// Another echo server to show, a module for WASI 0.1
    #[arg(long, value_name = "FILE")]
    guest: Option<PathBuf>,
}

/// A runtime that both programs stand on.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum With {
    /// An echo server with a timer a connection
    Tokio,
    /// An HTTP server: `POST /echo` brings the body back
    Hyper,
}

/// A program to show, and what it is beside.
struct Pair {
    what: &'static str,
    protocol: Protocol,
    shown: (String, PathBuf),
    beside: Option<(&'static str, PathBuf)>,
}

impl Arguments {
    /// Builds what is to be shown; what it is beside only if it is needed.
    fn pair(&self) -> anyhow::Result<Pair> {
        let (what, names, peers) = match self.with {
            None => ("echo servers", ["wasio", "mio 1.2.5"], ["wasio", "mio"]),
            Some(With::Tokio) => (
                "echo servers on tokio",
                ["tokio on wasio", "tokio on mio 1.2.5"],
                ["tokio-p1", "tokio-mio-p1"],
            ),
            Some(With::Hyper) => (
                "HTTP servers on hyper",
                ["hyper on wasio", "hyper on mio 1.2.5"],
                ["hyper-p1", "hyper-mio-p1"],
            ),
        };
        let [shown, beside] = [Peer::named(peers[0])?, Peer::named(peers[1])?];
        let path = match (&self.guest, self.with) {
            (Some(path), _) => path.clone(),
            (None, None) => ECHO.build()?,
            (None, Some(_)) => shown.server.build()?,
        };
        let name = match &self.guest {
            Some(path) => path.display().to_string(),
            None => names[0].to_owned(),
        };
        let beside = match self.serve {
            Some(_) => None,
            None => Some((names[1], beside.server.build()?)),
        };
        Ok(Pair {
            what,
            protocol: shown.protocol,
            shown: (name, path),
            beside,
        })
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}

fn main() -> anyhow::Result<()> {
    prepare_process()?;
    let arguments = Arguments::parse();
    let Pair {
        what,
        protocol,
        shown: (name, guest),
        beside: mio,
    } = arguments.pair()?;
    if let Some(address) = &arguments.serve {
        return serve(&guest, address, protocol);
    }
    let (mio_name, mio) = mio.context("nothing was built to compare with")?;
    let plan = Plan {
        protocol,
        clients: arguments.clients,
        messages: arguments.messages,
        idle: Duration::from_secs(arguments.seconds),
        limit: Duration::MAX,
    };
    let beside = Plan {
        limit: LIMIT_BESIDE,
        ..plan.clone()
    };
    println!(
        "Two {what} in WebAssembly, each with {} real TCP connections at once.",
        format::count(plan.clients as u64)
    );
    let findings = [
        demo::perform(&name, &guest, &plan)?,
        demo::perform(mio_name, &mio, &beside)?,
    ];
    println!("{}", demo::table(&findings));
    let [shown, mio] = &findings;
    shown.check_all_sent()?;
    mio.check()?;
    if let Some(sentence) = mio.sentence_if_cut_short() {
        println!("{sentence}");
    }
    println!("Every byte that came back was checked; none was wrong and none is missing.");
    Ok(())
}

fn serve(guest: &Path, address: &str, protocol: Protocol) -> anyhow::Result<()> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&interrupted))
            .context("cannot watch for Ctrl-C")?;
    }
    let server = Server::guest(guest, wasio_host::Wasi::Sockets01, address, &[], false)?;
    let addr = server.addr();
    match protocol {
        Protocol::Echo => {
            println!("An echo server in WebAssembly listens on {addr}. In another terminal:");
            println!("  nc {} {}", addr.ip(), addr.port());
            println!("  echo hello | curl --silent --no-buffer --max-time 1 telnet://{addr}");
        }
        Protocol::Http => {
            println!("An HTTP server in WebAssembly listens on {addr}. In another terminal:");
            println!("  curl http://{addr}/");
            println!("  curl --data hello http://{addr}/echo");
            println!("  curl --no-buffer http://{addr}/count/100");
        }
    }
    println!("Ctrl-C ends it.");
    let start = Instant::now();
    while !interrupted.load(Ordering::SeqCst) {
        std::thread::sleep(LOOK_AGAIN);
        if server.has_ended() {
            server.end()?;
            return Ok(());
        }
    }
    println!(
        "\nServed for {} with {} of CPU time and {} of guest memory.",
        format::time(start.elapsed()),
        format::time(server.cpu_time()),
        format::kib(server.memory_bytes().unwrap_or(0) as u64)
    );
    server.end()?;
    Ok(())
}
