//! `cargo xtask demo`: a WebAssembly server with a thousand real connections.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::{Parser, ValueEnum};
use wasio_bench::artifact::{Artifact, Flags};
use wasio_bench::demo::{self, Host, Plan};
use wasio_bench::exchange::Protocol;
use wasio_bench::interrupt::{self, Watch};
use wasio_bench::peer::{Peer, Place, Versions};
use wasio_bench::wasmtime::Wasmtime;
use wasio_bench::{format, prepare_process};

/// The example that is shown for a version of WASI, with what makes its build that of the README.
const fn echo(target: &'static str, flags: Option<Flags>) -> Artifact {
    Artifact {
        checkout: None,
        workspace: "",
        package: "wasio-examples",
        program: "echo",
        target: Some(target),
        profile: "release",
        flags,
    }
}

/// WASI 0.3 is a flag to the compiler, until its target is in stable Rust.
const FLAGS_OF_03: Flags = Flags {
    flags: "--cfg wasio_backend=\"p3\"",
    target_dir: "target/p3",
};

/// The time limit for sending to the server on mio, which may be much slower. The table says how
/// far it came.
const LIMIT_BESIDE: Duration = Duration::from_secs(15);

/// Serves a thousand TCP connections from WebAssembly, on wasio and on mio: first all of them are
/// busy, then one, then none
///
/// Every byte that comes back is checked. The same server runs on wasio, on WASI 0.3, 0.2 and 0.1,
/// and on mio 1.2.5, on WASI 0.2 and 0.1.
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
    /// The version of WASI; with "both", --serve and --guest use 0.2
    #[arg(long, value_enum, default_value_t = Versions::Both)]
    wasi: Versions,
    /// Run the servers in this wasmtime; `cargo xtask demo` sets it
    #[arg(long, value_name = "FILE", hide = true)]
    wasmtime: Option<PathBuf>,
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
    place: Place,
}

/// A server on wasio, and the same on mio.
struct Pair {
    place: Place,
    ours: Artifact,
    /// mio is not on WASI 0.3.
    beside: Option<&'static str>,
}

impl Arguments {
    /// All such servers that `host` can run, those for the newest WASI first.
    ///
    /// # Errors
    /// There is none.
    fn pairs(&self, host: &Host) -> anyhow::Result<Vec<Pair>> {
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
                pair(
                    Place::Wasi03,
                    echo("wasm32-wasip2", Some(FLAGS_OF_03)),
                    None,
                ),
                pair(Place::Wasi02, echo("wasm32-wasip2", None), Some("mio-p2")),
                pair(Place::Wasi01, echo("wasm32-wasip1", None), Some("mio")),
            ],
            Some(With::Tokio) => vec![
                on_tokio("tokio-p3", None)?,
                on_tokio("tokio-p2", Some("tokio-mio-p2"))?,
                on_tokio("tokio-p1", Some("tokio-mio-p1"))?,
            ],
            Some(With::Hyper) => vec![
                on_tokio("hyper-p3", None)?,
                on_tokio("hyper-p2", Some("hyper-mio-p2"))?,
                on_tokio("hyper-p1", Some("hyper-mio-p1"))?,
            ],
        };
        let is_one = self.guest.is_some() || self.serve.is_some();
        let wasi = match self.wasi {
            Versions::Both if is_one => Versions::Wasi02,
            wasi => wasi,
        };
        pairs.retain(|pair| wasi.include(pair.place));
        if is_one {
            pairs.truncate(1);
        }
        let lacks = |pair: &Pair| host.check_sockets(pair.place).err();
        let reason = pairs.iter().find_map(lacks);
        pairs.retain(|pair| lacks(pair).is_none());
        match reason {
            Some(reason) if pairs.is_empty() => Err(reason),
            Some(reason) => {
                println!("WASI 0.1 is left out: {reason}.");
                Ok(pairs)
            }
            None => Ok(pairs),
        }
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
            let place = pair.place;
            Ok(Shown { name, path, place })
        };
        pairs.iter().map(shown).collect()
    }

    /// Builds the server that it is compared with.
    fn beside(&self, pairs: &[Pair]) -> anyhow::Result<Vec<Shown>> {
        let shown = |pair: &Pair| {
            let name = named(self.between(), "mio 1.2.5", pair.place);
            let place = pair.place;
            let beside = pair.beside?;
            let path = Peer::named(beside).and_then(|peer| peer.server.build());
            Some(path.map(|path| Shown { name, path, place }))
        };
        pairs.iter().filter_map(shown).collect()
    }
}

fn named(between: &str, library: &str, place: Place) -> String {
    let version = match place {
        Place::Wasi03 => "0.3",
        Place::Wasi02 => "0.2",
        Place::Wasi01 | Place::Native => "0.1",
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

fn main() -> ExitCode {
    interrupt::watched(|watch| {
        run(&Arguments::parse(), watch)?;
        Ok(ExitCode::SUCCESS)
    })
}

fn run(arguments: &Arguments, watch: Watch) -> anyhow::Result<()> {
    prepare_process()?;
    let wasmtime = arguments.wasmtime.as_deref().map(Wasmtime::at);
    let host = Host::new(wasmtime.transpose()?)?;
    let pairs = arguments.pairs(&host)?;
    let ours = arguments.ours(&pairs)?;
    if let Some(address) = arguments.serve {
        let shown = ours.first().context("there is nothing to serve")?;
        return serve(&host, shown, address, arguments.protocol(), watch);
    }
    compare(arguments, &host, &ours, &arguments.beside(&pairs)?)
}

/// Runs the same plan on all programs, and prints the table.
fn compare(
    arguments: &Arguments,
    host: &Host,
    ours: &[Shown],
    beside: &[Shown],
) -> anyhow::Result<()> {
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
        "{} servers in WebAssembly on {host}, each with {} real TCP connections at once.",
        ours.len() + beside.len(),
        format::count(plan.clients as u64)
    );
    let perform =
        |shown: &Shown, plan| demo::perform(&shown.name, host, &shown.path, shown.place, plan);
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

fn serve(
    host: &Host,
    shown: &Shown,
    address: SocketAddr,
    protocol: Protocol,
    watch: Watch,
) -> anyhow::Result<()> {
    let server = host.start(&shown.path, shown.place, address)?;
    let interrupted = watch.into_flag();
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
        std::thread::sleep(interrupt::CHECK_INTERVAL);
        if server.has_ended() {
            return server.end();
        }
    }
    let memory = server.memory_bytes();
    let memory = memory.map(|bytes| format!(" and {} of guest memory", format::kib(bytes as u64)));
    println!(
        "\nServed for {} with {} of CPU time{}.",
        format::time(start.elapsed()),
        format::time(server.cpu_time()),
        memory.unwrap_or_default()
    );
    server.end()
}
