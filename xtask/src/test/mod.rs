//! `cargo xtask test`: every check and every test, each a titled step. A step
//! that fails does not stop the others.

mod libtest;
mod step;
mod steps;
mod summary;

use std::process::ExitCode;

pub(crate) use self::libtest::Totals;
pub(crate) use self::steps::SYSTEMS;

use anyhow::ensure;

use crate::cargo::Workspace;
use crate::targets;

#[derive(Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Run only the steps whose title contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Show the titles of the steps and stop
    #[arg(long)]
    list: bool,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<ExitCode> {
    let mut steps = steps::all(workspace);
    if let Some(text) = &options.only {
        steps.retain(|step| step.title().contains(text.as_str()));
        ensure!(!steps.is_empty(), "no step has {text:?} in its title");
    }
    if options.list {
        for step in &steps {
            println!("{}", step.title());
        }
        return Ok(ExitCode::SUCCESS);
    }
    targets::add_missing()?;
    let total = steps.len();
    let outcomes: Vec<_> = (1..)
        .zip(steps)
        .map(|(number, step)| {
            println!("\n==> [{number}/{total}] {}", step.title());
            step.run()
        })
        .collect();
    Ok(summary::print(&outcomes))
}
