//! Runs the demo on one server: a thousand connections that are all busy, then one of them, then
//! none.

mod chart;
mod host;
mod story;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressStyle};
use wasio_host::peer::load::{self, Load, Progress, Report};

pub use self::host::Host;
pub use self::story::{charts, table};
use crate::client::{Measured, new_histogram, ping_pong};
use crate::exchange::{Protocol, SMALL_BYTES};
use crate::format;
use crate::http_load;
use crate::peer::Place;
use crate::server::Server;

/// The number of messages per connection between two checks of the clock.
const MESSAGES_A_ROUND: usize = 5;

/// The address that a server listens on.
const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The plan of a demo.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The protocol of the servers.
    pub protocol: Protocol,
    /// The number of connections, all open at the same time.
    pub clients: usize,
    /// The number of messages per connection.
    pub messages: usize,
    /// How long one connection talks beside the others, and how long nobody does.
    pub quiet: Duration,
    /// The time limit for sending. If it is reached, the table says so.
    pub limit: Duration,
}

/// The results for one server.
#[derive(Debug)]
pub struct Findings {
    name: String,
    connections: usize,
    messages: u64,
    expected_messages: u64,
    bytes: u64,
    elapsed: Duration,
    server_cpu: Duration,
    latency_ns: Histogram<u64>,
    /// One connection that talks while the others are open.
    alone: Measured,
    idle_share: f64,
    /// Where the guest runs in this process.
    peak_memory_bytes: Option<usize>,
    size_bytes: u64,
    failures: Vec<String>,
}

/// Starts the guest at `path` on `host` and runs `plan` on it.
///
/// # Errors
/// The guest cannot be started, does not accept the connections, or ends. A wrong or missing byte
/// is not an error here: see [`Findings::check`].
pub fn perform(
    name: &str,
    host: &Host,
    path: &Path,
    place: Place,
    plan: &Plan,
) -> anyhow::Result<Findings> {
    let server = host
        .start(path, place, ANY_PORT)
        .with_context(|| name.to_owned())?;
    let mut crowd = Crowd::connect(&server, plan)
        .with_context(|| format!("{name}: cannot open {} connections", plan.clients))?;
    let mut findings = Findings {
        name: name.to_owned(),
        connections: crowd.open(),
        messages: 0,
        expected_messages: plan.clients as u64 * plan.messages as u64,
        bytes: 0,
        elapsed: Duration::ZERO,
        server_cpu: Duration::ZERO,
        latency_ns: new_histogram(),
        alone: Measured::nothing(),
        idle_share: 0.0,
        peak_memory_bytes: None,
        size_bytes: std::fs::metadata(path)?.len(),
        failures: Vec::new(),
    };
    let cpu = server.cpu_time();
    findings.send(&mut crowd, plan)?;
    findings.server_cpu = server.cpu_time().saturating_sub(cpu);
    if findings.failures.is_empty() {
        findings.alone = alone(name, &server, plan)?;
    }
    findings.idle_share = idle_share(name, &server, plan.quiet);
    findings.peak_memory_bytes = server.memory_bytes();
    drop(crowd);
    server.end().with_context(|| name.to_owned())?;
    Ok(findings)
}

/// The clients for the protocol of the server.
enum Crowd {
    Echo(load::Crowd),
    Http(http_load::Crowd),
}

impl Crowd {
    fn connect(server: &Server, plan: &Plan) -> anyhow::Result<Self> {
        let (addr, connections) = (server.addr(), plan.clients);
        if plan.protocol == Protocol::Http {
            let crowd = http_load::Crowd::connect(addr, connections, MESSAGES_A_ROUND)?;
            return Ok(Self::Http(crowd));
        }
        let load = Load {
            connections,
            messages: MESSAGES_A_ROUND,
            ..Load::default()
        };
        Ok(Self::Echo(load.connect(addr)?))
    }

    fn open(&self) -> usize {
        match self {
            Self::Echo(crowd) => crowd.open(),
            Self::Http(crowd) => crowd.open(),
        }
    }

    fn run(&mut self, on_progress: impl FnMut(&Progress) + 'static) -> Report {
        match self {
            Self::Echo(crowd) => crowd.run(on_progress),
            Self::Http(crowd) => crowd.run(on_progress),
        }
    }
}

/// Measures one connection that talks beside the crowd, which is open and silent.
fn alone(name: &str, server: &Server, plan: &Plan) -> anyhow::Result<Measured> {
    let bar = ProgressBar::new_spinner().with_message(format!("{name}: one connection talks"));
    bar.enable_steady_tick(Duration::from_millis(100));
    let exchange = plan.protocol.exchange(&[0x5a; SMALL_BYTES]);
    let measured = ping_pong(server, &exchange, plan.quiet);
    bar.finish_and_clear();
    measured.with_context(|| name.to_owned())
}

/// Measures the share of a core that an idle server uses.
fn idle_share(name: &str, server: &Server, time: Duration) -> f64 {
    let bar = ProgressBar::new_spinner().with_message(format!("{name}: idle for {time:?}"));
    bar.enable_steady_tick(Duration::from_millis(100));
    let (start, cpu) = (Instant::now(), server.cpu_time());
    std::thread::sleep(time);
    let used = server.cpu_time().saturating_sub(cpu);
    bar.finish_and_clear();
    used.as_secs_f64() / start.elapsed().as_secs_f64()
}

impl Findings {
    fn send(&mut self, crowd: &mut Crowd, plan: &Plan) -> anyhow::Result<()> {
        let bar = progress_bar(&self.name, self.expected_messages)?;
        let rounds = plan.messages.div_ceil(MESSAGES_A_ROUND);
        for _ in 0..rounds {
            let (shown, before) = (bar.clone(), self.messages);
            let report = crowd.run(move |done| shown.set_position(before + done.messages));
            self.messages += report.done.messages;
            self.bytes += report.done.bytes;
            self.elapsed += report.elapsed;
            self.latency_ns.add(&report.latency_ns)?;
            self.failures.extend(report.failures);
            if report.failed > 0 || self.elapsed > plan.limit {
                break;
            }
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// # Errors
    /// A byte is wrong or missing, or a connection failed.
    pub fn check(&self) -> anyhow::Result<()> {
        ensure!(
            self.failures.is_empty(),
            "{}: {}",
            self.name,
            self.failures.join("; ")
        );
        ensure!(self.messages > 0, "{}: no message came back", self.name);
        Ok(())
    }

    /// # Errors
    /// The same as [`check`](Self::check), and if the time limit was reached.
    pub fn check_all_sent(&self) -> anyhow::Result<()> {
        self.check()?;
        ensure!(
            self.messages >= self.expected_messages,
            "{}: {} of {} messages within the time limit",
            self.name,
            self.messages,
            self.expected_messages
        );
        Ok(())
    }

    /// The message for the case that the time limit was reached.
    #[must_use]
    pub fn sentence_if_cut_short(&self) -> Option<String> {
        (self.messages < self.expected_messages).then(|| {
            format!(
                "The run of {} was cut short: after {} it had answered {} of {} messages.",
                self.name,
                format::time(self.elapsed),
                format::count(self.messages),
                format::count(self.expected_messages)
            )
        })
    }
}

fn progress_bar(name: &str, messages: u64) -> anyhow::Result<ProgressBar> {
    let template = "{msg}: {wide_bar} {human_pos} of {human_len} messages, {elapsed}";
    let bar = ProgressBar::new(messages).with_message(name.to_owned());
    bar.set_style(ProgressStyle::with_template(template)?);
    Ok(bar)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(messages: u64, failures: &[&str]) -> Findings {
        Findings {
            name: "a server".to_owned(),
            connections: 2,
            messages,
            expected_messages: 10,
            bytes: 1 << 20,
            elapsed: Duration::from_secs(2),
            server_cpu: Duration::from_millis(1),
            latency_ns: new_histogram(),
            alone: Measured::nothing(),
            idle_share: 0.0,
            peak_memory_bytes: None,
            size_bytes: 0,
            failures: failures.iter().map(|&failure| failure.to_owned()).collect(),
        }
    }

    #[test]
    fn a_wrong_byte_a_missing_message_or_none_at_all_is_an_error() {
        let error = |findings: &Findings| findings.check_all_sent().unwrap_err().to_string();
        let wrong = error(&findings(10, &["byte 7 of message 3 is wrong"]));
        assert_eq!(wrong, "a server: byte 7 of message 3 is wrong");
        assert!(error(&findings(9, &[])).contains("9 of 10 messages"));
        assert!(error(&findings(0, &[])).contains("no message came back"));
        let whole = findings(10, &[]);
        assert!(whole.check_all_sent().is_ok());
        assert_eq!(whole.sentence_if_cut_short(), None);
    }

    #[test]
    fn a_run_that_was_cut_short_says_so_in_its_column_and_below() {
        let cut = findings(9, &[]);
        assert!(cut.check().is_ok());
        let sentence = cut.sentence_if_cut_short().unwrap();
        assert!(sentence.contains("9 of 10 messages"), "{sentence}");
        let all = [cut, findings(10, &[])];
        assert_eq!(charts(&all).matches("a server").count(), 2 * 4);
        let table = table(&all).to_string();
        assert!(table.contains("9 (of 10: its time was over)"), "{table}");
        assert_eq!(table.matches("a server").count(), 2);
    }
}
