//! `cargo xtask demo`: a WebAssembly server with a thousand real connections.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::{Parser, ValueEnum};
use signal_hook::consts::{SIGINT, SIGTERM};
use wasio_bench::artifact::Artifact;
use wasio_bench::demo::{self, Plan};
use wasio_bench::exchange::Protocol;
use wasio_bench::peer::{Peer, Place, Versions};
use wasio_bench::server::Server;
use wasio_bench::{format, prepare_process};
use wasio_host::Wasi;

/// The example that is shown for a version of WASI.
const fn echo(target: &'static str) -> Artifact {
    Artifact {
        checkout: None,
        workspace: "",
        package: "wasio-examples",
        program: "echo",
        target: Some(target),
        profile: "release",
        flags: None,
    }
}

/// The time limit for sending to the server on mio, which may be much slower. The table says how
/// far it came.
const LIMIT_BESIDE: Duration = Duration::from_secs(15);

/// The interval at which Ctrl-C is checked.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// Serves a thousand TCP connections from WebAssembly, on wasio and on mio: first all of them are
/// busy, then one, then none
///
/// Every byte that comes back is checked. The same server runs on wasio and on mio 1.2.5, on WASI
/// 0.2 and on 0.1.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask demo")]
struct Arguments {
    /// The number of connections, all open at the same time
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = at_least_one)]
    clients: usize,
    /// The number of messages per connection, of 1 byte to 64 KiB each
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = at_least_one)]
    messages: usize,
    /// How long one connection talks, and how long nobody does
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// Use a server on tokio, with the drop-in mio and with mio 1.2.5
    #[arg(long, value_enum, conflicts_with = "guest")]
    with: Option<With>,
    /// Serve until Ctrl-C, for nc or curl
    #[arg(long, value_name = "ADDR", num_args = 0..=1, default_missing_value = "127.0.0.1:0", value_parser = address)]
    serve: Option<SocketAddr>,
    /// Use this echo server: a component, or a module with --wasi 0.1
    #[arg(long, value_name = "FILE")]
    guest: Option<PathBuf>,
    /// The version of WASI; with "both", --serve and --guest use 0.2 if possible
    #[arg(long, value_enum, default_value_t = Versions::Both)]
    wasi: Versions,
}

/// A library that both servers use.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum With {
    /// An echo server with a timer per connection
    Tokio,
    /// An HTTP server: `POST /echo` returns the body
    Hyper,
}

/// A program to show.
struct Shown {
    name: String,
    path: PathBuf,
    wasi: Wasi,
}

/// A server that exists on wasio and on mio.
struct Pair {
    place: Place,
    ours: Artifact,
    beside: &'static str,
}

impl Arguments {
    /// All such servers, those for the newest WASI first.
    fn pairs(&self) -> anyhow::Result<Vec<Pair>> {
        let pair = |place, ours, beside| Pair {
            place,
            ours,
            beside,
        };
        let on_tokio = |ours, beside| {
            let ours = Peer::named(ours)?;
            anyhow::Ok(pair(ours.place, ours.server, beside))
        };
        let mut pairs = match self.with {
            None => vec![
                pair(Place::Wasi02, echo("wasm32-wasip2"), "mio-p2"),
                pair(Place::Wasi01, echo("wasm32-wasip1"), "mio"),
            ],
            Some(With::Tokio) => vec![
                on_tokio("tokio-p2", "tokio-mio-p2")?,
                on_tokio("tokio-p1", "tokio-mio-p1")?,
            ],
            Some(With::Hyper) => vec![
                on_tokio("hyper-p2", "hyper-mio-p2")?,
                on_tokio("hyper-p1", "hyper-mio-p1")?,
            ],
        };
        pairs.retain(|pair| self.wasi.include(pair.place));
        if self.guest.is_some() || self.serve.is_some() {
            pairs.truncate(1);
        }
        Ok(pairs)
    }

    fn protocol(&self) -> Protocol {
        match self.with {
            None | Some(With::Tokio) => Protocol::Echo,
            Some(With::Hyper) => Protocol::Http,
        }
    }

    /// The library between the program and mio, for the label.
    fn between(&self) -> &'static str {
        match self.with {
            None => "",
            Some(With::Tokio) => "tokio on ",
            Some(With::Hyper) => "hyper on ",
        }
    }

    /// Builds the server on wasio.
    fn ours(&self, pairs: &[Pair]) -> anyhow::Result<Vec<Shown>> {
        let shown = |pair: &Pair| {
            let name = match &self.guest {
                Some(path) => path.display().to_string(),
                None => named(self.between(), "wasio", pair.place),
            };
            let path = match &self.guest {
                Some(path) => path.clone(),
                None => pair.ours.build()?,
            };
            let wasi = wasi(pair.place);
            Ok(Shown { name, path, wasi })
        };
        pairs.iter().map(shown).collect()
    }

    /// Builds the server that it is compared with.
    fn beside(&self, pairs: &[Pair]) -> anyhow::Result<Vec<Shown>> {
        let shown = |pair: &Pair| {
            Ok(Shown {
                name: named(self.between(), "mio 1.2.5", pair.place),
                path: Peer::named(pair.beside)?.server.build()?,
                wasi: wasi(pair.place),
            })
        };
        pairs.iter().map(shown).collect()
    }
}

const fn wasi(place: Place) -> Wasi {
    match place {
        Place::Wasi02 => Wasi::Sockets02,
        Place::Wasi03 => Wasi::Sockets03,
        Place::Wasi01 | Place::Native => Wasi::Sockets01,
    }
}

fn named(between: &str, library: &str, place: Place) -> String {
    let version = match wasi(place) {
        Wasi::Sockets03 => "0.3",
        Wasi::Sockets02 => "0.2",
        _ => "0.1",
    };
    format!("{between}{library}, WASI {version}")
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}

/// Resolves a host name here, because a guest of WASI 0.2 takes only an address to listen on.
fn address(text: &str) -> Result<SocketAddr, String> {
    let mut found = text
        .to_socket_addrs()
        .map_err(|error| format!("no address to listen on (such as 127.0.0.1:7777): {error}"))?;
    found
        .next()
        .ok_or_else(|| "the name has no address".to_owned())
}

fn main() -> anyhow::Result<()> {
    prepare_process()?;
    let arguments = Arguments::parse();
    let pairs = arguments.pairs()?;
    let ours = arguments.ours(&pairs)?;
    if let Some(address) = arguments.serve {
        let shown = ours.first().context("there is nothing to serve")?;
        return serve(shown, &address.to_string(), arguments.protocol());
    }
    compare(&arguments, &ours, &arguments.beside(&pairs)?)
}

/// Runs the same plan on all programs, and prints the table.
fn compare(arguments: &Arguments, ours: &[Shown], beside: &[Shown]) -> anyhow::Result<()> {
    let plan = Plan {
        protocol: arguments.protocol(),
        clients: arguments.clients,
        messages: arguments.messages,
        quiet: Duration::from_secs(arguments.seconds),
        limit: Duration::MAX,
    };
    let plan_beside = Plan {
        limit: LIMIT_BESIDE,
        ..plan.clone()
    };
    println!(
        "{} servers in WebAssembly, each with {} real TCP connections at once.",
        ours.len() + beside.len(),
        format::count(plan.clients as u64)
    );
    let perform = |shown: &Shown, plan| demo::perform(&shown.name, &shown.path, shown.wasi, plan);
    let mut findings = Vec::new();
    for shown in ours {
        findings.push(perform(shown, &plan)?);
    }
    for shown in beside {
        findings.push(perform(shown, &plan_beside)?);
    }
    println!("{}\n{}", demo::charts(&findings), demo::table(&findings));
    let (ours, beside) = findings.split_at(ours.len());
    for findings in ours {
        findings.check_all_sent()?;
    }
    for findings in beside {
        findings.check()?;
        if let Some(sentence) = findings.sentence_if_cut_short() {
            println!("{sentence}");
        }
    }
    println!("Every byte that came back was checked; none was wrong and none is missing.");
    Ok(())
}

fn serve(shown: &Shown, address: &str, protocol: Protocol) -> anyhow::Result<()> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&interrupted))
            .context("cannot watch for Ctrl-C")?;
    }
    let server = Server::guest(&shown.path, shown.wasi, address, &[], false)?;
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
        std::thread::sleep(CHECK_INTERVAL);
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
