//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::ensure;
use clap::{Parser, ValueEnum};
use wasio_bench::interrupt::{self, CHECK_INTERVAL};

use crate::backend::{Backend, Built};
use crate::progress::Progress;
use crate::run::{self, Run, Settings};
use crate::start::Start;
use crate::{host, names, report};

/// Runs a server and a client on wasio under random faults of the network and the host, and checks
/// that no byte, timer, wake, connection or resource is lost
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask chaos")]
struct Options {
    /// How long to run
    #[arg(long, default_value_t = 60, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// The seed of all faults; without it a new one, which is printed
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// The backend
    #[arg(long, value_enum, default_value_t = Wasi::All, value_name = "V")]
    wasi: Wasi,
    /// The wasmtime that runs the guests of WASI 0.2 or 0.3, in place of wasio-host
    #[arg(long, value_name = "H")]
    host: Option<PathBuf>,
    /// Give the server this bug, to see that it is noticed
    #[arg(long, value_enum, value_name = "B")]
    bug: Option<Bug>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Wasi {
    #[value(name = "0.1")]
    P1,
    /// WASI 0.1 with threads
    #[value(name = "threads")]
    Threads,
    #[value(name = "0.2")]
    P2,
    #[value(name = "0.3")]
    P3,
    #[value(name = "native")]
    Native,
    /// All of them at the same time
    #[value(name = "all")]
    All,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Bug {
    LostByte,
    MissedRearm,
    Leak,
    Spin,
}

impl Options {
    fn backends(&self) -> Vec<Backend> {
        match self.wasi {
            Wasi::P1 => vec![Backend::P1],
            Wasi::Threads => vec![Backend::Threads],
            Wasi::P2 => vec![Backend::P2],
            Wasi::P3 => vec![Backend::P3],
            Wasi::Native => vec![Backend::Native],
            Wasi::All => Backend::ALL.to_vec(),
        }
    }
}

/// Runs what the command line says.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    ensure!(
        options.host.is_none() || matches!(options.wasi, Wasi::P2 | Wasi::P3),
        "--host only runs guests of WASI 0.2 or 0.3: add --wasi 0.2 or --wasi 0.3"
    );
    end_on(interrupt::Watch::start()?.into_flag());
    // The proxies have two descriptors per connection, and the floods have many.
    wasio_bench::prepare_process()?;
    let seed = options.seed.unwrap_or_else(any_seed);
    println!("chaos: seed {seed}, {} s", options.seconds);
    let names = names::ask();
    let server = match options.bug {
        None => "chaos-server",
        Some(_) => "chaos-faulty-server",
    };
    let built = options
        .backends()
        .into_iter()
        .map(|one| Built::new(one, options.host.as_deref(), server));
    let built = built.collect::<anyhow::Result<Vec<_>>>()?;
    let settings = Settings {
        seed,
        length: Duration::from_secs(options.seconds.into()),
        bug: options
            .bug
            .and_then(|bug| Some(bug.to_possible_value()?.get_name().to_owned())),
        names: names::answers(&names),
    };
    let (settings, progress) = (&settings, &Progress::new(settings.length));
    let start = Start::new(built.len());
    let outcomes: Vec<_> = thread::scope(|scope| {
        let runs: Vec<_> = built
            .iter()
            .map(|built| {
                let (run, ticket) = (
                    Run {
                        built,
                        settings,
                        progress,
                    },
                    start.ticket(),
                );
                scope.spawn(move || run::run(run, ticket))
            })
            .collect();
        runs.into_iter().filter_map(|run| run.join().ok()).collect()
    });
    progress.end();
    ensure!(outcomes.len() == built.len(), "a run panicked");
    Ok(report::print(seed, &built, outcomes))
}

/// Ends all hosts and this process on a signal.
fn end_on(signalled: Arc<AtomicBool>) {
    thread::spawn(move || {
        while !signalled.load(Ordering::SeqCst) {
            thread::sleep(CHECK_INTERVAL);
        }
        host::end_all();
        interrupt::exit();
    });
}

fn any_seed() -> u64 {
    let time = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::from(time.subsec_nanos()) ^ time.as_secs().rotate_left(20)
}
