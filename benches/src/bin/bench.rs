//! `cargo xtask bench`: compares wasio with its peers in one run.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::ensure;
use clap::Parser;
use wasio_bench::awake::Awake;
use wasio_bench::interrupt;
use wasio_bench::peer::earlier::{self, Earlier};
use wasio_bench::peer::{self, Built, Peer, Place, Versions};
use wasio_bench::report::table::ScenarioTable;
use wasio_bench::report::{bars, before, record};
use wasio_bench::run::{Choice, Plan};
use wasio_bench::scenario::{self, Effort, Scenario};
use wasio_bench::{artifact, machine, prepare_process};

/// The exit code of `--check` if there is something to measure. `xtask/src/run.rs` has it too.
const TO_MEASURE: u8 = 10;

/// Measures wasio and its peers in alternating rounds, and records the results in benches/record
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask bench")]
struct Arguments {
    /// Two short rounds in under four minutes, with all servers of a version of WASI except those
    /// on tokio (the default)
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// All sizes, in seven long rounds
    #[arg(long)]
    full: bool,
    /// Measure each peer on wasio beside its build from this other checkout of the repository (git
    /// worktree add makes one): seven rounds of 1.5 s, unless --quick or --full
    #[arg(long, value_name = "DIR")]
    before: Option<PathBuf>,
    /// Only scenarios whose name starts with this; may be repeated
    #[arg(long = "scenario", value_name = "NAME")]
    scenarios: Vec<String>,
    /// Only this peer; may be repeated
    #[arg(long = "peer", value_name = "NAME")]
    peers: Vec<String>,
    /// Only this number of idle connections, or of whatever the scenario counts; may be repeated
    #[arg(long = "size", value_name = "N")]
    sizes: Vec<usize>,
    /// The version of WASI (default: 0.2 in a whole quick bench, otherwise both)
    #[arg(long, value_enum, conflicts_with = "peers")]
    wasi: Option<Versions>,
    /// The folder of the record; without it a partial bench is not recorded
    #[arg(long, value_name = "FOLDER")]
    record: Option<PathBuf>,
    /// Keep the cores from halting (Linux, as root), because waking them is slow and uneven on a
    /// virtual machine; recorded only with --record
    #[arg(long)]
    awake: bool,
    /// Draw the plots of a record again, from its results.csv, and exit
    #[arg(long, value_name = "FOLDER")]
    redraw: Option<PathBuf>,
    /// List the scenarios and the peers, and exit
    #[arg(long)]
    list: bool,
    /// Build and measure nothing; `cargo xtask bench` sets it, before it builds the host
    #[arg(long, hide = true)]
    check: bool,
}

impl Arguments {
    fn effort(&self) -> Effort {
        if self.full {
            Effort::Full
        } else if self.before.is_some() && !self.quick {
            Effort::Paired
        } else {
            Effort::Quick
        }
    }

    fn is_whole_quick(&self) -> bool {
        !self.full && self.scenarios.is_empty()
    }

    /// A quick bench has no time for both versions.
    fn versions(&self) -> Versions {
        let usual = if self.is_whole_quick() {
            Versions::Wasi02
        } else {
            Versions::Both
        };
        self.wasi.unwrap_or(usual)
    }

    fn scenarios(&self) -> anyhow::Result<Vec<&'static dyn Scenario>> {
        for name in &self.scenarios {
            ensure!(
                scenario::ALL.iter().any(|one| one.name().starts_with(name)),
                "no scenario is called {name:?}: --list shows them"
            );
        }
        let wanted = |one: &dyn Scenario| {
            let names = &self.scenarios;
            names.is_empty() || names.iter().any(|name| one.name().starts_with(name))
        };
        let all = scenario::ALL.iter().copied();
        Ok(all.filter(|one| wanted(*one)).collect())
    }

    fn peers(&self) -> anyhow::Result<Vec<&'static Peer>> {
        if self.peers.is_empty() {
            let is_whole_quick = self.is_whole_quick();
            let versions = self.versions();
            let is_chosen = |one: &&Peer| {
                let differs = self.before.is_none() || earlier::is_on_wasio(one);
                differs && versions.include(one.place)
            };
            let all = peer::ALL.iter().filter(is_chosen);
            return Ok(all.filter(|one| one.in_quick || !is_whole_quick).collect());
        }
        self.peers.iter().map(|name| Peer::named(name)).collect()
    }

    /// A part of the bench would stand in the way of the whole one.
    fn folder(&self, earlier: Option<&Earlier>) -> Option<PathBuf> {
        let chosen = self.scenarios.len() + self.peers.len() + self.sizes.len();
        let is_whole = chosen == 0 && !self.awake;
        self.record.clone().or_else(|| {
            let effort = match earlier {
                Some(earlier) => format!("beside-{}", earlier.commit()),
                None if self.full => "full".to_owned(),
                None => "quick".to_owned(),
            };
            let name = match self.versions() {
                Versions::Wasi01 => format!("{}-{effort}-0.1", machine::date()),
                Versions::Wasi02 => format!("{}-{effort}-0.2", machine::date()),
                Versions::Wasi03 => format!("{}-{effort}-0.3", machine::date()),
                Versions::Both => format!("{}-{effort}", machine::date()),
            };
            let folder = artifact::repository().join("benches/record").join(name);
            is_whole.then_some(folder)
        })
    }
}

fn main() -> ExitCode {
    interrupt::watched(|_watch| run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    prepare_process()?;
    if arguments.list {
        list();
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(folder) = &arguments.redraw {
        record::redraw(folder)?;
        return Ok(ExitCode::SUCCESS);
    }
    let _awake = arguments.awake.then(Awake::hold).transpose()?;
    let earlier = arguments.before.as_deref().map(Earlier::open).transpose()?;
    let choice = Choice {
        scenarios: arguments.scenarios()?,
        effort: arguments.effort(),
        sizes: arguments.sizes.clone(),
    };
    let mut peers = arguments.peers()?;
    choice.check(&peers)?;
    if arguments.check {
        return Ok(TO_MEASURE.into());
    }
    peers.retain(|peer| choice.takes(peer));
    ensure!(
        cfg!(feature = "host") || peers.iter().all(|peer| peer.place == Place::Native),
        "this bench was built without a host: it measures native servers alone"
    );
    let peers = build(peers, earlier.as_ref())?;
    measure(arguments, &Plan { choice, peers }, earlier.as_ref())?;
    Ok(ExitCode::SUCCESS)
}

/// Measures, prints the tables and writes the record.
fn measure(
    arguments: &Arguments,
    plan: &Plan<'_>,
    earlier: Option<&Earlier>,
) -> anyhow::Result<()> {
    for line in machine::describe() {
        println!("{line}");
    }
    let results = plan.run()?;
    let scenarios = &plan.choice.scenarios;
    for scenario in scenarios {
        if let Some(table) = ScenarioTable::new(&results, *scenario) {
            println!("\n{}", table.for_terminal());
        }
    }
    if let Some(bars) = bars::table(&results) {
        println!("\n{bars}");
    }
    if let Some(table) = before::table(&results) {
        println!("\n{table}");
    }
    if let Some(folder) = arguments.folder(earlier) {
        record::write(&folder, &command(), scenarios, &plan.peers, &results)?;
        println!("\nRecorded in {}", folder.display());
    }
    ensure!(
        results.failures.is_empty(),
        "not measured:\n{}",
        results.failures.join("\n")
    );
    Ok(())
}

/// Builds the peers, each followed by its earlier build.
fn build(peers: Vec<&'static Peer>, earlier: Option<&Earlier>) -> anyhow::Result<Vec<Built>> {
    eprintln!("Building the peers ...");
    let mut built: Vec<Built> = Vec::new();
    for peer in peers {
        let before = earlier.and_then(|earlier| earlier.build_of(peer));
        for peer in std::iter::once(peer).chain(before) {
            let one = peer.build()?;
            // As with CARGO_TARGET_DIR set: the second would be measured twice.
            ensure!(
                built.iter().all(|other| other.server != one.server),
                "{} overwrites the build of another peer: {}",
                peer.name,
                one.server.display()
            );
            built.push(one);
        }
    }
    Ok(built)
}

/// What was typed.
fn command() -> String {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let command = format!("cargo xtask bench {}", args.join(" "));
    command.trim_end().to_owned()
}

fn list() {
    println!("Scenarios:");
    for scenario in scenario::ALL {
        println!("  {:20} {}", scenario.name(), scenario.about());
    }
    println!("Peers:");
    for peer in peer::ALL {
        let when = if peer.in_quick {
            ""
        } else {
            " (in a quick bench with --scenario or --peer)"
        };
        println!("  {:20} {}{when}", peer.name, peer.about);
    }
}
