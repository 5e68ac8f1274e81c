//! `cargo xtask upstream`: the tests of tokio, and those of mio, on the drop-in.
//!
//! Each test is a process of its own: on WASI a test that fails ends its process, and natively what
//! one test leaves behind cannot disturb the next one.

mod build;
mod known;
mod process;
mod report;
mod source;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{fs, thread};

use anyhow::{Context, ensure};

use crate::cargo::Workspace;
use crate::command_line;
use crate::{run, targets};

use self::build::Program;
use self::report::{Outcome, Report};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only these files of tests, by cargo's patterns: 'tcp_*'
    files: Vec<String>,
    /// Run mio's tests, from this checkout, as its package has none; without it, tokio's
    #[arg(long, value_name = "DIR")]
    mio: Option<PathBuf>,
    /// The version of WASI; without it, natively
    #[arg(long)]
    wasi: Option<Wasi>,
    /// What runs components: wasio-host, or one that `cargo xtask hosts` installs
    #[arg(long, default_value = OUR_HOST)]
    host: String,
    /// How often each test runs
    #[arg(long, default_value = "1")]
    runs: NonZeroUsize,
    /// How many run at the same time
    #[arg(long, default_value = "2")]
    jobs: NonZeroUsize,
    /// The longest that one test may take
    #[arg(long, default_value = "60")]
    seconds: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Wasi {
    #[value(name = "0.2")]
    P2,
    #[value(name = "0.3")]
    P3,
}

const OUR_HOST: &str = "wasio-host";

/// Where the tests run.
struct Place<'a> {
    workspace: &'a Workspace,
    wasi: Option<Wasi>,
    host: &'a str,
    /// The folder that cargo runs tests in.
    package: &'a Path,
}

/// A test, and the program that it is in.
struct Test<'a> {
    program: &'a Program,
    name: String,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<ExitCode> {
    targets::add_missing()?;
    let package = match &options.mio {
        Some(checkout) => source::of_mio(workspace, checkout)?,
        None => source::of_tokio(workspace)?,
    };
    let place = Place {
        workspace,
        wasi: options.wasi,
        host: &options.host,
        package: &package,
    };
    if place.wasi.is_some() && place.host == OUR_HOST {
        run::build(workspace, &[OUR_HOST])?;
    }
    let programs = build::programs(&place, options)?;
    let tests = list(&place, &programs)?;
    ensure!(!tests.is_empty(), "there is no test in these files");
    let report = all(&place, &tests, options)?;
    Ok(report.print())
}

impl Place<'_> {
    /// The command that runs a program of tests.
    fn command(&self, program: &Path) -> anyhow::Result<Command> {
        let Some(wasi) = self.wasi else {
            let mut command = Command::new(program);
            command.current_dir(self.package);
            return Ok(command);
        };
        if self.host == OUR_HOST {
            let mut command = Command::new(run::built(OUR_HOST)?);
            command.arg("run").arg(program);
            return Ok(command);
        }
        // Where a host has several rows, what they run follows its name.
        let is_host = |name: &str| name.split('_').next() == Some(self.host);
        let host = command_line::ALL
            .iter()
            .find(|it| it.target == wasi.folder() && is_host(it.name));
        host.with_context(|| format!("no host {:?} runs WASI {}", self.host, wasi.name()))?
            .command(program)
            .map_err(anyhow::Error::msg)
    }
}

impl Wasi {
    const fn name(self) -> &'static str {
        match self {
            Self::P2 => "0.2",
            Self::P3 => "0.3",
        }
    }

    /// The folder of guests for it, by which the table of the hosts names the version.
    const fn folder(self) -> &'static str {
        match self {
            Self::P2 => "wasm32-wasip2",
            Self::P3 => "p3/wasm32-wasip2",
        }
    }
}

/// The tests of the programs.
fn list<'a>(place: &Place<'_>, programs: &'a [Program]) -> anyhow::Result<Vec<Test<'a>>> {
    let mut tests = Vec::new();
    for program in programs {
        let mut command = place.command(&program.path)?;
        command.args(["--list", "--format", "terse"]);
        let output = command.output().with_context(|| program.file.clone())?;
        ensure!(
            output.status.success(),
            "{} does not list its tests: {}",
            program.file,
            String::from_utf8_lossy(&output.stderr)
        );
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let names = printed
            .lines()
            .filter_map(|line| line.strip_suffix(": test"));
        tests.extend(names.map(|name| Test {
            program,
            name: name.to_owned(),
        }));
    }
    Ok(tests)
}

/// Runs all tests as often as the options say: first all once, then all again.
fn all(place: &Place<'_>, tests: &[Test<'_>], options: &Options) -> anyhow::Result<Report> {
    let next = AtomicUsize::new(0);
    let report = Mutex::new(Report::default());
    let limit = Duration::from_secs(options.seconds);
    let work = |job: usize| -> anyhow::Result<()> {
        let scratch = place.workspace.root().join("target/upstream/scratch");
        let scratch = scratch.join(job.to_string());
        fs::create_dir_all(&scratch)?;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let run = number / tests.len();
            if run >= options.runs.get() {
                return Ok(());
            }
            let test = &tests[number % tests.len()];
            let outcome = one(place, test, &scratch, limit)?;
            let mut report = report.lock().expect("no other job has panicked");
            report.add(&test.program.file, &test.name, run + 1, outcome);
        }
    };
    thread::scope(|scope| {
        let jobs: Vec<_> = (0..options.jobs.get())
            .map(|job| scope.spawn(move || work(job)))
            .collect();
        jobs.into_iter()
            .try_for_each(|job| job.join().expect("a job does not panic"))
    })?;
    Ok(report.into_inner().expect("no job has panicked"))
}

fn one(
    place: &Place<'_>,
    test: &Test<'_>,
    scratch: &Path,
    limit: Duration,
) -> anyhow::Result<Outcome> {
    let mut command = place.command(&test.program.path)?;
    command.args([&test.name, "--exact", "--nocapture"]);
    let verdict = process::run(command, scratch, limit)?;
    let known = known::of(place, &test.program.file, &test.name);
    Ok(Outcome::of(verdict, known))
}
