//! Runs a program that measures something itself. It prints one figure per line, with its name and
//! its value, and ends.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
#[cfg(feature = "host")]
use std::time::Duration;

use anyhow::{Context, bail, ensure};
#[cfg(feature = "host")]
use wasio_host::{Exit, Runner, Wasi};

use crate::artifact::Artifact;
use crate::peer::Place;
use crate::process::Process;

/// The time limit of a guest.
#[cfg(feature = "host")]
const PATIENCE: Duration = Duration::from_secs(120);

/// The output of a program, and its cost.
#[derive(Debug)]
pub struct Figures {
    printed: HashMap<String, f64>,
    /// The instructions of a guest, if they were counted.
    pub fuel: Option<u64>,
}

impl Figures {
    /// Returns the figure called `name`.
    ///
    /// # Errors
    /// The program did not print it.
    pub fn get(&self, name: &str) -> anyhow::Result<f64> {
        let value = self.printed.get(name).copied();
        value.with_context(|| format!("the program printed no {name}"))
    }
}

/// The parameters of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Run<'a> {
    /// Its arguments.
    pub args: &'a [&'a str],
    /// The listeners that the host opens for a guest on WASI 0.1.
    pub listeners: usize,
    /// Whether a guest's instructions are counted.
    pub fuel: bool,
}

/// Builds `program` and runs it until it ends. A guest may start threads if its target has them.
///
/// # Errors
/// The program cannot be built or started, or it fails.
pub fn run(program: &Artifact, place: Place, run: Run<'_>) -> anyhow::Result<Figures> {
    let path = program.build()?;
    let (output, fuel) = match place {
        Place::Native => (run_natively(&path, run)?, None),
        Place::Wasi01 | Place::Wasi02 | Place::Wasi03 => run_guest(program, &path, place, run)?,
    };
    let printed = parse(&String::from_utf8_lossy(&output));
    Ok(Figures { printed, fuel })
}

fn run_natively(path: &Path, run: Run<'_>) -> anyhow::Result<Vec<u8>> {
    let mut command = Command::new(path);
    command
        .args(run.args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let (process, pipe) =
        Process::spawn(&mut command).with_context(|| format!("cannot start {}", path.display()))?;
    let mut output = Vec::new();
    let mut pipe = pipe.context("the program has no output")?;
    pipe.read_to_end(&mut output)?;
    ensure!(process.wait()?.success(), "the program failed");
    Ok(output)
}

/// Returns what a guest prints, and its instructions if they are counted.
#[cfg(feature = "host")]
fn run_guest(
    program: &Artifact,
    path: &Path,
    place: Place,
    run: Run<'_>,
) -> anyhow::Result<(Vec<u8>, Option<u64>)> {
    let threads = program
        .target
        .is_some_and(|name| name.ends_with("-threads"));
    let runner = match place {
        Place::Wasi02 => Runner::new(Wasi::Sockets02),
        Place::Wasi03 => Runner::new(Wasi::Sockets03),
        _ => Runner::new(Wasi::Sockets01).listeners(run.listeners),
    };
    let runner = runner.fuel(run.fuel);
    let running = runner.threads(threads).args(run.args.iter().copied());
    let outcome = running.spawn(path)?.wait(PATIENCE);
    if outcome.exit != Exit::Code(0) {
        bail!("the guest: {:?}: {}", outcome.exit, outcome.stderr_text());
    }
    Ok((outcome.stdout, outcome.fuel))
}

#[cfg(not(feature = "host"))]
fn run_guest(
    _: &Artifact,
    path: &Path,
    _: Place,
    _: Run<'_>,
) -> anyhow::Result<(Vec<u8>, Option<u64>)> {
    bail!("{} is a guest: {}", path.display(), crate::server::NO_HOST)
}

fn parse(output: &str) -> HashMap<String, f64> {
    let figures = output.lines().filter_map(|line| {
        let (name, value) = line.split_once(' ')?;
        Some((name.to_owned(), value.trim().parse().ok()?))
    });
    figures.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_found_by_name() {
        let figures = Figures {
            printed: parse("p50_us 5.25\nsome words\nmax_us 40\n"),
            fuel: None,
        };
        assert_eq!(figures.get("p50_us").unwrap(), 5.25);
        assert_eq!(figures.get("max_us").unwrap(), 40.0);
        assert!(figures.get("some").is_err());
    }
}
