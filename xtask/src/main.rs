//! Everything in this repository that is not `cargo build` or `cargo test`.

#[cfg(feature = "bindings")]
mod bindings;
mod cargo;
mod ci;
#[path = "../../crates/guests/tests/guests/harness/command_line.rs"]
#[expect(dead_code, reason = "the tests of guests use all of it")]
mod command_line;
mod hosts;
#[path = "../../crates/guests/tests/guests/harness/jco.rs"]
mod jco;
mod programs;
mod run;
mod targets;
mod test;
mod tidy;
mod upstream;
mod wasmtime;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::cargo::Workspace;

/// The packages whose programs are tasks.
const BENCH: &str = "wasio-bench";
const CHAOS: &str = "wasio-chaos";

#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", about, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Serve a thousand real TCP connections from wasm and check every byte
    #[command(disable_help_flag = true)]
    Demo(Passed),
    /// Run every check and every test on every backend
    Test(test::Options),
    /// Measure wasio beside its peers
    #[command(disable_help_flag = true)]
    Bench(Passed),
    /// Run a server and a client under random faults of the network and the host
    #[command(disable_help_flag = true)]
    Chaos(Passed),
    /// Install the pinned hosts of others, so that the tests run on them
    #[command(subcommand)]
    Hosts(hosts::Task),
    /// Install what the tests call, then run `test`: for continuous integration
    Ci,
    /// Run the tests of tokio, or those of mio, on the drop-in
    Upstream(upstream::Options),
    /// Check sizes, unsafe code, import cycles and documents
    Tidy,
    /// Describe the interfaces that wasio imports to the linker
    #[cfg(feature = "bindings")]
    Bindings,
}

/// Arguments for the program that does the task.
#[derive(Debug, clap::Args)]
struct Passed {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

fn main() -> ExitCode {
    match perform(Arguments::parse().task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::find()?;
    match task {
        Task::Demo(passed) => run::demo(&workspace, BENCH, passed.arguments),
        Task::Bench(passed) => run::bench(&workspace, BENCH, passed.arguments),
        Task::Chaos(passed) => {
            // First: the build takes minutes.
            targets::add_missing()?;
            // It starts the host and the native guests, which are other programs.
            run::build(&workspace, &["wasio-host", CHAOS])?;
            run::program(&workspace, CHAOS, "chaos", passed.arguments)
        }
        Task::Hosts(task) => hosts::run(&workspace, &task),
        Task::Test(options) => test::run(&workspace, &options),
        Task::Ci => ci::run(&workspace),
        Task::Upstream(options) => upstream::run(&workspace, &options),
        Task::Tidy => tidy::run(&workspace),
        #[cfg(feature = "bindings")]
        Task::Bindings => bindings::run(&workspace).map(|()| ExitCode::SUCCESS),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The documents that say what to type.
    const DOCUMENTS: [&str; 6] = [
        "README.md",
        "CONTRIBUTING.md",
        "PLATFORM.md",
        "ARCHITECTURE.md",
        "benches/README.md",
        "examples/README.md",
    ];

    #[test]
    fn the_tasks_of_the_documents_exist() {
        let workspace = Workspace::find().unwrap();
        let mut count = 0;
        for document in DOCUMENTS {
            let text = fs::read_to_string(workspace.root().join(document)).unwrap();
            for rest in text.split("cargo xtask ").skip(1) {
                let end = rest.find(['`', '#', ')', '|', '\n']).unwrap_or(rest.len());
                let words = ["cargo xtask"].into_iter();
                let words = words.chain(rest[..end].split_whitespace());
                let parsed = Arguments::try_parse_from(words);
                assert!(parsed.is_ok(), "{document}: {}: {parsed:?}", &rest[..end]);
                count += 1;
            }
        }
        assert!(count > 20, "{count}");
    }
}
