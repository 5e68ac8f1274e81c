//! One run: a backend, from the start of its hosts to their end.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use wasio_chaos::{moment, pattern};

use crate::backend::{Backend, Built};
use crate::faults::{self, Victims};
use crate::host::{Host, Stats};
use crate::probe::{self, Probes};
use crate::progress::Progress;
use crate::shared::Shared;
use crate::watch::{self, Quiet, Watch};
use crate::{input, proxy};

/// How long after the start of the server the run begins. The client starts meanwhile.
const HEAD_START: Duration = Duration::from_millis(2_000);

/// How long it may take until the server has nothing left. What a dropped stream has not sent is kept
/// for five seconds.
const SETTLE_LIMIT: Duration = Duration::from_secs(15);

/// How long a host may take to end.
const END_LIMIT: Duration = Duration::from_secs(15);

/// How long the host's own counts may take: it writes them five times per second.
const STATS_LIMIT: Duration = Duration::from_secs(3);

/// By how much the memory may grow after the first quiet time: buffers of the busiest moment, and for
/// a program without a host what its allocator keeps.
const MOST_GROWTH: u64 = 8 << 20;

/// If something moved in every quiet time, a run with at least this number of them has failed.
const MOST_DISTURBED: u64 = 3;

#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) length: Duration,
    pub(crate) bug: Option<String>,
}

/// What the server keeps.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kept {
    pub(crate) descriptors: u64,
    pub(crate) resources: u64,
    pub(crate) memory: u64,
}

/// All that a run showed.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) shared: Arc<Shared>,
    start: SystemTime,
    pub(crate) hosts: Option<[Host; 2]>,
    pub(crate) probes: Probes,
    pub(crate) quiet: Quiet,
    pub(crate) kept: [Kept; 2],
    /// The resources that were left when a guest had ended, of server and client.
    pub(crate) left: [u64; 2],
}

/// Runs it.
pub(crate) fn run(built: &Built, settings: &Settings, progress: &Progress) -> Outcome {
    // The guests are given the start by the second clock.
    let (now, now_of_guests) = moment::now();
    let (start, start_of_guests) = (now + HEAD_START, now_of_guests + HEAD_START);
    let mut outcome = Outcome {
        shared: Arc::new(Shared::new(settings.seed, settings.length, start)),
        start: start_of_guests,
        hosts: None,
        probes: Probes::default(),
        quiet: Quiet::default(),
        kept: [Kept::default(); 2],
        left: [0; 2],
    };
    if let Err(error) = outcome.run(built, settings, progress) {
        outcome.shared.violation(&format!("{error:#}"));
    }
    outcome.shared.end();
    // Other backends may still run: what is over is not to go on beside them.
    outcome.hosts.iter_mut().flatten().for_each(Host::kill);
    outcome
}

impl Outcome {
    fn run(
        &mut self,
        built: &Built,
        settings: &Settings,
        progress: &Progress,
    ) -> anyhow::Result<()> {
        let arguments = self.arguments(settings);
        let stats = stats_file(built, "server");
        let mut command = built.server(&stats);
        command.args(&arguments);
        command.args(settings.bug.iter().map(|bug| format!("bug={bug}")));
        let mut server = Host::start("server", command, stats, &self.shared)?;
        let address = server.address("listening")?;
        server.wait_for_counts()?;
        self.kept[0] = kept(built, &server);

        let stats = stats_file(built, "client");
        let mut command = built.client(&stats);
        command.args(&arguments);
        if built.backend.connects() {
            let socket = nobody()?;
            let nobody = socket.local_addr()?.as_socket().context("an address")?;
            let proxy = proxy::listen(&self.shared, address)?;
            let datagrams = server.address("datagrams")?;
            let datagrams = proxy::datagrams::start(&self.shared, datagrams)?;
            command.args([
                format!("proxy={proxy}"),
                format!("nobody={nobody}"),
                format!("datagrams={datagrams}"),
            ]);
            // It is held to the end of the process, so that nobody else gets its port.
            std::mem::forget(socket);
        }
        let mut client = Host::start("client", command, stats, &self.shared)?;
        client.wait_for_counts()?;
        if !built.backend.connects() {
            proxy::dial(&self.shared, client.address("listening")?, address);
        }
        self.stress(built, progress, [&mut server, &mut client], address)?;
        if self.shared.violations().is_empty() {
            self.settle(built, [&mut server, &mut client], address)?;
        }
        self.hosts = Some([server, client]);
        Ok(())
    }

    fn arguments(&self, settings: &Settings) -> Vec<String> {
        let start = self.start.duration_since(UNIX_EPOCH).unwrap_or_default();
        vec![
            format!("seed={}", settings.seed),
            format!("seconds={}", settings.length.as_secs()),
            format!("start_ms={}", start.as_millis()),
        ]
    }

    /// Everything at once.
    fn stress(
        &mut self,
        built: &Built,
        progress: &Progress,
        mut hosts: [&mut Host; 2],
        address: SocketAddr,
    ) -> anyhow::Result<()> {
        let shared = &*self.shared;
        let victims = Victims {
            server: hosts[0].process,
            client: hosts[1].process,
            address,
        };
        let pipe = hosts[0]
            .take_stdin()
            .context("the server has no standard input")?;
        let watch = Watch {
            shared,
            backend: built.backend,
            descriptors: self.kept[0].descriptors,
            bar: progress.add(built.backend.name()),
        };
        let (quiet, probes) = thread::scope(|scope| {
            let probes = scope.spawn(|| probe::probe(shared, address, victims.server));
            scope.spawn(|| input::feed(shared, pipe));
            scope.spawn(|| faults::perform(shared, victims));
            let quiet = watch.watch(&mut hosts);
            // The client ends by itself, while the proxy still forwards.
            if !shared.has_ended() {
                end_well(shared, hosts[1]);
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
            (quiet, probes.join())
        });
        if quiet.measured == 0 && quiet.disturbed >= MOST_DISTURBED {
            shared.violation("no quiet time was quiet: something moves all the time");
        }
        self.quiet = quiet;
        self.probes = probes.unwrap_or_default();
        Ok(())
    }

    /// Afterwards all that the server kept for the connections is to be gone.
    fn settle(
        &mut self,
        built: &Built,
        [server, client]: [&mut Host; 2],
        address: SocketAddr,
    ) -> anyhow::Result<()> {
        let [before, after] = &mut self.kept;
        let start = Instant::now();
        loop {
            *after = kept(built, server);
            let connections = server.count("connections");
            if connections == 0
                && after.descriptors <= before.descriptors
                && after.resources <= before.resources
            {
                break;
            }
            if start.elapsed() > SETTLE_LIMIT {
                self.shared.violation(&format!(
                    "afterwards the server has {connections} connections, {} descriptors ({} before), \
                     {} resources ({} before)",
                    after.descriptors, before.descriptors, after.resources, before.resources
                ));
                return Ok(());
            }
            thread::sleep(Duration::from_millis(100));
        }
        let early = self.quiet.memory.unwrap_or(after.memory);
        if after.memory > early + MOST_GROWTH {
            let (early, late) = (early >> 10, after.memory >> 10);
            self.shared.violation(&format!(
                "the server's memory grew from {early} to {late} KiB"
            ));
        }
        TcpStream::connect(address)?.write_all(pattern::END)?;
        end_well(&self.shared, server);
        self.left = [server, client].map(|host| host.stats().resources);
        Ok(())
    }
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

/// What a server keeps now. Its host counts the resources when it is asked, in the next host call.
fn kept(built: &Built, server: &Host) -> Kept {
    let start = Instant::now();
    let mut stats = Stats::default();
    while built.has_stats() && start.elapsed() < STATS_LIMIT {
        // The second count from now on is of after this moment.
        thread::sleep(Duration::from_millis(450));
        stats = server.stats();
        let is_counted = stats.resources > 0 || built.backend != Backend::P2;
        if stats.memory > 0 && is_counted {
            break;
        }
    }
    Kept {
        descriptors: server.process.descriptors().len() as u64,
        resources: stats.resources,
        memory: watch::memory(server),
    }
}

/// A port that refuses connections: it is bound, and nobody listens.
fn nobody() -> anyhow::Result<socket2::Socket> {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    Ok(socket)
}

/// Where a host writes its counts.
fn stats_file(built: &Built, party: &str) -> PathBuf {
    let (backend, process) = (built.backend.name(), std::process::id());
    std::env::temp_dir().join(format!("wasio-chaos-{process}-{backend}-{party}"))
}
