//! `wasio-host`: runs a WebAssembly guest, as a cargo runner or by hand.

mod stats;

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Parser, Subcommand, ValueEnum};
use mimalloc::MiMalloc;
use stats::Stats;
use wasio_host::{Exit, Outcome, Runner, Running, Wasi, quiet_backtraces, raise_descriptor_limit};

/// wasmtime allocates two objects per source for each wait, and drops them after it. mimalloc
/// reuses such memory faster than the system's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The exit code of a process that aborts (128 + SIGABRT). The wasmtime CLI uses it too.
const EXIT_TRAP: i32 = 134;

/// The exit code if the guest could not be started. clap uses the same for bad options.
const EXIT_BAD_INPUT: i32 = 2;

/// Runs WebAssembly guests with sockets.
///
/// As cargo's runner, in .cargo/config.toml:
///
///     [target.wasm32-wasip1]
///     runner = "wasio-host run"
///
/// So for wasm32-wasip1-threads and wasm32-wasip2: the guest's version of WASI is recognised.
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a guest and exits with its exit code (0 or 1 for a component), or with 134 if it traps. A
    /// code of a module from 126 on counts as a trap, as in wasmtime.
    Run(Run),
}

#[derive(Debug, Parser)]
struct Run {
    /// Opens a listener on this address for the guest, from descriptor 3 on (port 0: any free
    /// port).
    #[arg(long, value_name = "ADDR")]
    listen: Vec<String>,

    /// Passes a directory to the guest, under the same name or another.
    #[arg(long, value_name = "HOST[::GUEST]")]
    dir: Vec<String>,

    /// Sets an environment variable, or passes on the variable of this name.
    #[arg(long, value_name = "K[=V]")]
    env: Vec<String>,

    /// Lets the guest start threads. A guest for wasm32-wasip1-threads does not need this option.
    #[arg(long)]
    threads: bool,

    /// Forbids the guest to use the network (WASI 0.2 and 0.3).
    #[arg(long)]
    no_network: bool,

    /// Forbids the guest to look up names (WASI 0.2 and 0.3).
    #[arg(long)]
    no_name_lookup: bool,

    /// How many handles (sockets, streams and so on) a component may hold at the same time. It traps
    /// when it needs more.
    /// 1 000 000 by default.
    #[arg(long, value_name = "N")]
    max_handles: Option<usize>,

    /// Counts the fuel that the guest consumes, and prints it to stderr.
    #[arg(long)]
    fuel: bool,

    /// Writes the guest's counts to this file five times per second, and when the guest has ended:
    /// calls of the host's functions, resources (WASI 0.2 and 0.3) and bytes of memory.
    #[arg(long, value_name = "FILE")]
    stats: Option<PathBuf>,

    /// The version of WASI that the guest runs on. By default it is recognised: a component is of
    /// 0.3 if it exports `wasi:cli/run@0.3.0`, else of 0.2, and a module runs on 0.1-sockets.
    #[arg(long, value_enum, value_name = "VERSION")]
    wasi: Option<Version>,

    /// The guest, which is a WebAssembly module with a function `_start` or a component that is a
    /// command, and its arguments: from here on nothing is an option of this program.
    // One list, as clap knows the options of this program in the first argument of another one.
    #[arg(required = true, trailing_var_arg = true, value_name = "GUEST [ARGS]")]
    guest_and_args: Vec<OsString>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Version {
    /// WASI 0.1, with sockets that the host opens.
    #[value(name = "0.1-sockets")]
    Sockets01,
    /// WASI 0.1 without sockets.
    #[value(name = "0.1")]
    Plain01,
    /// WASI 0.2, for components, with the network of this machine.
    #[value(name = "0.2")]
    Sockets02,
    /// WASI 0.3, for components, with the network of this machine.
    #[value(name = "0.3")]
    Sockets03,
}

impl From<Version> for Wasi {
    fn from(version: Version) -> Self {
        match version {
            Version::Sockets01 => Self::Sockets01,
            Version::Plain01 => Self::Plain01,
            Version::Sockets02 => Self::Sockets02,
            Version::Sockets03 => Self::Sockets03,
        }
    }
}

fn main() {
    quiet_backtraces();
    raise_descriptor_limit();
    let Command::Run(run) = Cli::parse().command;
    let (fuel, stats) = (run.fuel, run.stats.clone());
    let started = stats.as_deref().map(Stats::create).transpose();
    let code = match started.and_then(|stats| Ok((stats, start(run)?))) {
        Ok((stats, running)) => {
            for addr in running.addrs() {
                tell(format_args!("listening on {addr}"));
            }
            let stats = stats.map(|stats| stats.follow(running.counts()));
            let outcome = running.wait_for_exit();
            if let Some(stats) = stats {
                stats.finish();
            }
            exit_code(&outcome, fuel)
        }
        Err(error) => {
            tell(format_args!("{error:#}"));
            EXIT_BAD_INPUT
        }
    };
    // `main` must not return normally: a thread of the guest may still be running.
    process::exit(code);
}

/// Prints a line to stderr. If nobody reads it, the guest runs on all the same: `eprintln!` would
/// panic, which ends the process with another exit code.
fn tell(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "wasio-host: {line}");
}

fn start(run: Run) -> Result<Running> {
    let runner = run.wasi.map_or_else(Runner::for_any_version, |version| {
        Runner::new(version.into())
    });
    let mut runner = runner.inherit_stdio().threads(run.threads).fuel(run.fuel);
    if let Some(most) = run.max_handles {
        runner = runner.handles(most);
    }
    if run.no_network {
        runner = runner.without_network();
    }
    if run.no_name_lookup {
        runner = runner.without_name_lookup();
    }
    for address in run.listen {
        runner = runner.listen(address);
    }
    for dir in &run.dir {
        let (host, guest) = directory(dir)?;
        runner = runner.dir(host, guest);
    }
    for variable in run.env {
        let (name, value) = environment(variable)?;
        runner = runner.env(name, value);
    }
    let mut words = run.guest_and_args.into_iter();
    let guest = words.next().context("no guest")?;
    let args: Result<Vec<String>> = words.map(text).collect();
    runner.args(args?).spawn(guest)
}

/// An argument of the guest.
fn text(word: OsString) -> Result<String> {
    let text = word.into_string();
    text.map_err(|word| anyhow!("the argument {} is not UTF-8", word.display()))
}

/// Parses `--dir`: the directory on this machine, and its name for the guest.
fn directory(dir: &str) -> Result<(&str, &str)> {
    let (host, guest) = dir.split_once("::").unwrap_or((dir, dir));
    if host.is_empty() || guest.is_empty() {
        bail!("no directory in --dir {dir:?}: write --dir HOST or --dir HOST::GUEST");
    }
    Ok((host, guest))
}

/// Parses `--env`: a name, and its value or that of this process's own variable.
fn environment(variable: String) -> Result<(String, String)> {
    let (name, value) = match variable.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
        None => (variable.clone(), None),
    };
    if name.is_empty() {
        bail!("no name in --env {variable:?}: write --env NAME or --env NAME=VALUE");
    }
    match value.map_or_else(|| std::env::var(&name), Ok) {
        Ok(value) => Ok((name, value)),
        Err(error) => {
            bail!(
                "cannot pass on the variable {name}: {error}; \
                 give it a value with --env {name}=VALUE"
            )
        }
    }
}

fn exit_code(outcome: &Outcome, fuel: bool) -> i32 {
    if let (true, Some(fuel)) = (fuel, outcome.fuel) {
        tell(format_args!("{fuel} units of fuel"));
    }
    match &outcome.exit {
        Exit::Code(code) => *code,
        Exit::Trap(message) => {
            tell(format_args!("the guest trapped: {message}"));
            EXIT_TRAP
        }
        Exit::Stopped | Exit::TimedOut => EXIT_TRAP,
    }
}
