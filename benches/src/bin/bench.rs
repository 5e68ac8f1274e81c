//! `cargo xtask bench`: compares wasio with its peers in one run.

use std::path::PathBuf;

use anyhow::ensure;
use clap::Parser;
use wasio_bench::awake::Awake;
use wasio_bench::peer::{self, Built, Peer, Versions};
use wasio_bench::report::table::ScenarioTable;
use wasio_bench::report::{bars, record};
use wasio_bench::run::Plan;
use wasio_bench::scenario::{self, Effort, Scenario};
use wasio_bench::{artifact, machine, prepare_process};

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
    /// Only scenarios whose name starts with this; may be repeated
    #[arg(long = "scenario", value_name = "NAME")]
    scenarios: Vec<String>,
    /// Only this peer; may be repeated
    #[arg(long = "peer", value_name = "NAME")]
    peers: Vec<String>,
    /// Only with this many idle connections, or of whatever a scenario counts; may be repeated
    #[arg(long = "size", value_name = "N")]
    sizes: Vec<usize>,
    /// The version of WASI (default: 0.2 in a whole quick bench, otherwise both)
    #[arg(long, value_enum, conflicts_with = "peers")]
    wasi: Option<Versions>,
    /// The folder of the record; without it a partial bench is not recorded
    #[arg(long, value_name = "FOLDER")]
    record: Option<PathBuf>,
    /// Keep the cores from halting (Linux, as root), which is slow and uneven on a virtual machine;
    /// recorded only with --record
    #[arg(long)]
    awake: bool,
    /// List the scenarios and the peers, and exit
    #[arg(long)]
    list: bool,
}

impl Arguments {
    fn effort(&self) -> Effort {
        if self.full {
            Effort::Full
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
            let all = peer::ALL.iter().filter(|one| versions.include(one.place));
            return Ok(all.filter(|one| one.in_quick || !is_whole_quick).collect());
        }
        self.peers.iter().map(|name| Peer::named(name)).collect()
    }

    /// A partial bench would replace the record of a whole one.
    fn folder(&self) -> Option<PathBuf> {
        let chosen = self.scenarios.len() + self.peers.len() + self.sizes.len();
        let is_whole = chosen == 0 && !self.awake;
        self.record.clone().or_else(|| {
            let effort = if self.full { "full" } else { "quick" };
            let name = match self.versions() {
                Versions::Wasi01 => format!("{}-{effort}-0.1", machine::date()),
                Versions::Wasi02 => format!("{}-{effort}-0.2", machine::date()),
                Versions::Both => format!("{}-{effort}", machine::date()),
            };
            let folder = artifact::repository().join("benches/record").join(name);
            is_whole.then_some(folder)
        })
    }
}

fn main() -> anyhow::Result<()> {
    prepare_process()?;
    let arguments = Arguments::parse();
    if arguments.list {
        list();
        return Ok(());
    }
    let _awake = arguments.awake.then(Awake::hold).transpose()?;
    let scenarios = arguments.scenarios()?;
    let peers = arguments.peers()?;
    eprintln!("Building the peers ...");
    let effort = arguments.effort();
    let is_used = |peer: &&Peer| {
        let takes = |one: &&dyn Scenario| {
            let sizes = one.sizes(effort);
            sizes.into_iter().any(|size| one.takes(peer, size))
        };
        scenarios.iter().any(takes)
    };
    let peers: Vec<Built> = peers
        .into_iter()
        .filter(is_used)
        .map(Peer::build)
        .collect::<Result<_, _>>()?;
    let plan = Plan {
        scenarios,
        peers,
        effort,
        sizes: arguments.sizes.clone(),
    };
    for line in machine::describe() {
        println!("{line}");
    }
    let results = plan.run()?;
    for scenario in &plan.scenarios {
        if let Some(table) = ScenarioTable::new(&results, *scenario) {
            println!("\n{}", table.for_terminal());
        }
    }
    if let Some(bars) = bars::table(&results) {
        println!("\n{bars}");
    }
    if let Some(folder) = arguments.folder() {
        let (scenarios, peers) = (&plan.scenarios, &plan.peers);
        record::write(&folder, &command(), scenarios, peers, &results)?;
        println!("\nRecorded in {}", folder.display());
    }
    ensure!(
        results.failures.is_empty(),
        "not measured:\n{}",
        results.failures.join("\n")
    );
    Ok(())
}

/// Returns the command line.
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
