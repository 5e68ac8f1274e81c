//! One run: a backend, from the start of its hosts to their end.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::ChildStdin;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use wasio_chaos::pattern;

use crate::backend::Built;
use crate::faults::{self, Victims};
use crate::host::Host;
use crate::names::Names;
use crate::nobody::Nobody;
use crate::probe::{self, Probes};
use crate::progress::Progress;
use crate::settle::{self, Kept, Settling};
use crate::shared::Shared;
use crate::start::Ticket;
use crate::watch::{Quiet, Watch};
use crate::{input, proxy};

/// How long a host may take to end.
const END_LIMIT: Duration = Duration::from_secs(15);

/// If something moved in every quiet time, a run with at least this number of them has failed.
const MOST_DISTURBED: u64 = 3;

#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) length: Duration,
    pub(crate) bug: Option<String>,
    /// What this machine says of the names that the client looks up, if it says so in time.
    pub(crate) names: Option<Names>,
}

/// What a run is given.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a> {
    pub(crate) built: &'a Built,
    pub(crate) settings: &'a Settings,
    pub(crate) progress: &'a Progress,
}

/// All that a run showed.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) shared: Arc<Shared>,
    pub(crate) hosts: Option<[Host; 2]>,
    pub(crate) probes: Probes,
    pub(crate) quiet: Quiet,
    /// What server and client kept before the run and after it.
    pub(crate) kept: [[Kept; 2]; 2],
    /// The resources that were left when a guest had ended, of server and client.
    pub(crate) left: [u64; 2],
}

/// Runs it.
pub(crate) fn run(run: Run<'_>, ticket: Ticket<'_>) -> Outcome {
    let mut outcome = Outcome {
        shared: Arc::new(Shared::new(run.settings.seed, run.settings.length)),
        hosts: None,
        probes: Probes::default(),
        quiet: Quiet::default(),
        kept: [[Kept::default(); 2]; 2],
        left: [0; 2],
    };
    if let Err(error) = outcome.run(run, ticket) {
        outcome.shared.violation(&format!("{error:#}"));
    }
    outcome.shared.end();
    // Other backends may still run: what is over is not to go on beside them.
    outcome.hosts.iter_mut().flatten().for_each(Host::kill);
    outcome
}

impl Outcome {
    fn run(&mut self, run: Run<'_>, ticket: Ticket<'_>) -> anyhow::Result<()> {
        let built = run.built;
        let stats = stats_file(built, "server");
        let mut command = built.server(&stats);
        command.args(arguments(run.settings));
        command.args(run.settings.bug.iter().map(|bug| format!("bug={bug}")));
        let mut server = Host::start("server", command, stats, &self.shared)?;
        let address = server.address("listening")?;
        server.wait_for_counts()?;
        self.kept[0][0] = settle::kept(built, &server);

        let mut client = self.start_client(run, &mut server, address)?;
        client.wait_for_counts()?;
        self.kept[1][0] = settle::kept(built, &client);
        let (start, start_of_guests) = ticket.wait();
        self.shared.start_at(start);
        let mut inputs = [server.take_stdin()?, client.take_stdin()?];
        for input in &mut inputs {
            tell(input, start_of_guests)?;
        }
        if !built.backend.connects() {
            proxy::dial(&self.shared, client.address("listening")?, address);
        }
        self.stress(run, [&mut server, &mut client], inputs, address);
        if self.shared.violations().is_empty() {
            self.end_server(run, [&mut server, &mut client], address)?;
        }
        self.hosts = Some([server, client]);
        Ok(())
    }

    fn start_client(
        &self,
        run: Run<'_>,
        server: &mut Host,
        address: SocketAddr,
    ) -> anyhow::Result<Host> {
        let stats = stats_file(run.built, "client");
        let mut command = run.built.client(&stats);
        command.args(arguments(run.settings));
        if run.built.backend.connects() {
            let nobody = Nobody::new()?;
            let proxy = proxy::listen(&self.shared, address)?;
            let datagrams = server.address("datagrams")?;
            let datagrams = proxy::datagrams::start(&self.shared, datagrams)?;
            command.args([
                format!("proxy={proxy}"),
                format!("nobody={}", nobody.address),
                format!("datagrams={datagrams}"),
            ]);
            command.args(
                run.settings
                    .names
                    .iter()
                    .flat_map(|names| names.arguments()),
            );
            // It is held to the end of the process, so that nobody else gets its port.
            std::mem::forget(nobody);
        }
        Host::start("client", command, stats, &self.shared)
    }

    /// Everything at once.
    fn stress(
        &mut self,
        run: Run<'_>,
        mut hosts: [&mut Host; 2],
        [server_input, client_input]: [ChildStdin; 2],
        address: SocketAddr,
    ) {
        let shared = Arc::clone(&self.shared);
        let shared = &*shared;
        let victims = Victims {
            server: hosts[0].process,
            client: hosts[1].process,
            address,
        };
        let watch = Watch {
            shared,
            backend: run.built.backend,
            descriptors: self.kept[0][0].descriptors,
            bar: run.progress.add(run.built.backend.name()),
        };
        let probes = thread::scope(|scope| {
            let probes = scope.spawn(|| probe::probe(shared, address, victims.server));
            scope.spawn(|| input::feed(shared, server_input));
            let faults = scope.spawn(|| faults::perform(shared, victims));
            self.quiet = watch.watch(&mut hosts);
            // The last fault may be late, and is no excuse for what the client keeps.
            if faults.join().is_err() {
                shared.violation("the thread that performs the faults panicked");
            }
            // The client ends while the proxy still forwards.
            if !shared.has_ended() {
                self.end_client(run, hosts[1], client_input);
            }
            let failed = !shared.violations().is_empty();
            shared.end();
            if failed {
                // What waits for it to read its input waits no longer.
                hosts[0].kill();
            }
            watch
                .bar
                .set_message(if failed { "FAILED" } else { "done" });
            probes.join()
        });
        let quiet = &self.quiet;
        if quiet.measured == 0 && quiet.disturbed >= MOST_DISTURBED.max(quiet.starved) {
            shared.violation("no quiet time was quiet: something moves all the time");
        }
        self.probes = probes.unwrap_or_else(|_| {
            shared.violation("the thread that probes panicked");
            Probes::default()
        });
    }

    /// Tells the client to end. By then it has let go of all.
    fn end_client(&mut self, run: Run<'_>, client: &mut Host, input: ChildStdin) {
        let shared = Arc::clone(&self.shared);
        let settling = Settling {
            shared: &shared,
            built: run.built,
            before: self.kept[1][0],
            early: self.quiet.memory.map(|[_, client]| client),
            host: &mut *client,
        };
        self.kept[1][1] = settling.client(run.settings.names.map(Names::limit));
        // It ends with its input.
        drop(input);
        end_well(&shared, client);
    }

    /// Tells the server to end once it has let go of all.
    fn end_server(
        &mut self,
        run: Run<'_>,
        [server, client]: [&mut Host; 2],
        address: SocketAddr,
    ) -> anyhow::Result<()> {
        if client.count("done") == 0 {
            self.shared.violation(
                "the client finished no connection, so that nothing was tested: give it more seconds",
            );
        }
        let settling = Settling {
            shared: &self.shared,
            built: run.built,
            before: self.kept[0][0],
            early: self.quiet.memory.map(|[server, _]| server),
            host: &mut *server,
        };
        self.kept[0][1] = settling.server();
        TcpStream::connect(address)?.write_all(pattern::END)?;
        end_well(&self.shared, server);
        for (index, host) in [server, client].into_iter().enumerate() {
            let (name, before) = (host.name, self.kept[index][0].resources);
            let left = host.stats().resources;
            self.left[index] = left;
            if left > before {
                self.shared.violation(&format!(
                    "the {name} left {left} resources when it ended, and had {before} at its start"
                ));
            }
        }
        Ok(())
    }
}

/// Tells a guest when the run starts, in nanoseconds since 1970.
fn tell(input: &mut ChildStdin, start: SystemTime) -> anyhow::Result<()> {
    let start = start.duration_since(UNIX_EPOCH).unwrap_or_default();
    writeln!(input, "{}", start.as_nanos()).context("a guest closed its standard input")
}

fn arguments(settings: &Settings) -> [String; 2] {
    [
        format!("seed={}", settings.seed),
        format!("seconds={}", settings.length.as_secs()),
    ]
}

/// Waits until a guest has ended by itself.
fn end_well(shared: &Shared, host: &mut Host) {
    let name = host.name;
    match host.wait(END_LIMIT) {
        Some(status) if status.success() => {}
        Some(status) => {
            let lines = host.last_lines();
            shared.violation(&format!("the {name} ended with {status}: {lines}"));
        }
        None => shared.violation(&format!("the {name} does not end")),
    }
}

/// Where a host writes its counts.
fn stats_file(built: &Built, party: &str) -> PathBuf {
    let (backend, process) = (built.backend.name(), std::process::id());
    std::env::temp_dir().join(format!("wasio-chaos-{process}-{backend}-{party}"))
}
