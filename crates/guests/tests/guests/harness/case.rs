//! What a test is given, and how it sets its guest up.

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use wasio_host::Stdin;

use super::guest::{Session, Started};
use super::hosts::Host;
use super::process::Processes;
use super::{native, node};

/// The longest that a test may take unless it asks for more.
const LIMIT: Duration = Duration::from_secs(60);

/// One guest on one host.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    host: Host,
    program: PathBuf,
    clock: Arc<Mutex<Clock>>,
    processes: Processes,
}

#[derive(Debug)]
struct Clock {
    start: Option<Instant>,
    limit: Duration,
}

/// Ends the test; it counts as ignored.
pub(crate) fn skip(reason: &str) -> ! {
    std::panic::resume_unwind(Box::new(Skipped(reason.to_owned())))
}

/// The panic of a test that is skipped.
pub(super) struct Skipped(pub(super) String);

/// How a guest is to be started.
#[derive(Debug)]
pub(crate) struct Setup {
    case: Case,
    args: Vec<String>,
    envs: Vec<(String, String)>,
    stdin: Stdin,
    stdin_file: Option<PathBuf>,
    listeners: usize,
    streams: Vec<TcpStream>,
    shared_sockets: usize,
    refused_files: usize,
    dirs: Vec<(PathBuf, String)>,
    fuel: bool,
    slow_output: bool,
    network: bool,
    name_lookup: bool,
    handles: Option<usize>,
}

impl Case {
    pub(super) fn new(host: Host, program: PathBuf) -> Self {
        let clock = Clock {
            start: None,
            limit: LIMIT,
        };
        Self {
            host,
            program,
            clock: Arc::new(Mutex::new(clock)),
            processes: Processes::default(),
        }
    }

    /// The same guest on the same host, with a time of its own.
    pub(crate) fn anew(&self) -> Self {
        Self::new(self.host, self.program.clone())
    }

    /// Where the guest runs.
    pub(crate) fn host(&self) -> Host {
        self.host
    }

    /// Ends the test here on `host`; it counts as ignored, for this reason.
    pub(crate) fn skip_on(&self, host: Host, reason: &str) {
        if self.host == host {
            skip(reason);
        }
    }

    /// A program that is not there has a wrong `required-features` in Cargo.toml.
    fn expect_built(&self) {
        let program = self.program.display();
        assert!(self.program.exists(), "{program} is not built");
    }

    /// Starts the program in a process of its own.
    fn command(&self, dirs: &[(PathBuf, String)]) -> Command {
        match self.host {
            Host::Node => node::command(&self.program, dirs).unwrap_or_else(|reason| skip(&reason)),
            Host::CommandLine(host) => {
                assert!(dirs.is_empty(), "it hands in no directories");
                let command = host.command(&self.program);
                command.unwrap_or_else(|reason| skip(&reason))
            }
            _ => Command::new(&self.program),
        }
    }

    /// Ends the test here where there are no sockets; it counts as ignored.
    pub(crate) fn skip_without_sockets(&self) {
        if !self.host.has_sockets() {
            skip("no descriptor of a socket is handed in");
        }
    }

    /// Gives this test more, or less, than a minute in all.
    pub(crate) fn set_limit(&self, limit: Duration) {
        self.clock.lock().unwrap().limit = limit;
    }

    /// The longest that this test may take.
    pub(super) fn limit(&self) -> Duration {
        self.clock.lock().unwrap().limit
    }

    /// What is left of it. The first call starts the clock.
    pub(super) fn time_left(&self) -> Duration {
        let mut clock = self.clock.lock().unwrap();
        let start = *clock.start.get_or_insert_with(Instant::now);
        clock.limit.saturating_sub(start.elapsed())
    }

    /// Kills what this test has started in processes of their own, as its time is over.
    pub(super) fn end(&self) {
        self.processes.end();
    }

    /// A guest that is not started yet.
    pub(crate) fn setup(&self) -> Setup {
        Setup {
            listeners: Host::default_listeners(&self.program),
            case: self.clone(),
            args: Vec::new(),
            envs: Vec::new(),
            stdin: Stdin::Null,
            stdin_file: None,
            streams: Vec::new(),
            shared_sockets: 0,
            refused_files: 0,
            dirs: Vec::new(),
            fuel: false,
            slow_output: false,
            network: true,
            name_lookup: true,
            handles: None,
        }
    }

    /// Starts the guest with nothing but a listener if it serves connections.
    pub(crate) fn start(&self) -> Session {
        self.setup().start()
    }
}

impl Setup {
    pub(crate) fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub(crate) fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(|arg| (*arg).to_owned()));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.envs.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn stdin(mut self, stdin: Stdin) -> Self {
        self.stdin = stdin;
        self
    }

    /// Gives the guest a file as standard input, where it has a process of its own.
    pub(crate) fn stdin_file(mut self, path: PathBuf) -> Self {
        self.stdin_file = Some(path);
        self
    }

    /// Takes the guest's output slowly, where a component of WASI 0.2 runs in this process.
    pub(crate) fn slow_output(mut self) -> Self {
        self.slow_output = true;
        self
    }

    /// Counts fuel; natively there is none.
    pub(crate) fn fuel(mut self) -> Self {
        self.fuel = true;
        self
    }

    /// Gives the guest no network (WASI 0.2 and 0.3).
    pub(crate) fn without_network(mut self) -> Self {
        self.network = false;
        self
    }

    /// Looks up no names for the guest (WASI 0.2 and 0.3).
    pub(crate) fn without_name_lookup(mut self) -> Self {
        self.name_lookup = false;
        self
    }

    /// Ends the guest if it has more handles at a time (WASI 0.2 and 0.3 in this process).
    pub(crate) fn handles(mut self, most: usize) -> Self {
        self.handles = Some(most);
        self
    }

    /// How many listeners the guest asks for; a `net_` guest has one.
    pub(crate) fn listeners(mut self, count: usize) -> Self {
        self.listeners = count;
        self
    }

    /// Hands in a connected stream (WASI 0.1 with sockets only).
    pub(crate) fn stream(mut self, stream: TcpStream) -> Self {
        self.streams.push(stream);
        self
    }

    /// Hands in descriptors that share sockets (WASI 0.1 with sockets only).
    pub(crate) fn shared_sockets(mut self, count: usize) -> Self {
        self.shared_sockets = count;
        self
    }

    /// Hands in descriptors that the host refuses to wait on (WASI 0.1 with
    /// sockets only).
    pub(crate) fn refused_files(mut self, count: usize) -> Self {
        self.refused_files = count;
        self
    }

    /// Hands in the directory `host` under the name `guest` (WASI only).
    pub(crate) fn dir(mut self, host: PathBuf, guest: &str) -> Self {
        self.dirs.push((host, guest.to_owned()));
        self
    }

    /// Starts the guest.
    pub(crate) fn start(self) -> Session {
        let case = self.case;
        let handed_in = self.streams.len() + self.shared_sockets + self.refused_files;
        case.expect_built();
        let Some(runner) = case.host.runner() else {
            assert_eq!(handed_in, 0, "nothing is handed in to a process");
            let mut command = case.command(&self.dirs);
            command.args(self.args).envs(self.envs);
            let input = match self.stdin_file {
                Some(path) => native::Input::File(path),
                None => native::Input::Of(self.stdin),
            };
            let child = native::Child::start(command, input, self.listeners, &case.processes);
            return Session::new(case, Started::Native(child));
        };
        assert!(
            self.stdin_file.is_none(),
            "this process has an input of its own"
        );
        // A component binds its own.
        let listeners = if case.host.is_component() {
            0
        } else {
            self.listeners
        };
        let mut runner = runner
            .args(self.args)
            .stdin(self.stdin)
            .fuel(self.fuel)
            .listeners(listeners)
            .shared_sockets(self.shared_sockets)
            .refused_files(self.refused_files);
        if self.slow_output && case.host.name() == "sockets02" {
            runner = runner.slow_output();
        }
        if !self.network {
            runner = runner.without_network();
        }
        if let Some(most) = self.handles {
            runner = runner.handles(most);
        }
        if !self.name_lookup {
            runner = runner.without_name_lookup();
        }
        for (name, value) in self.envs {
            runner = runner.env(name, value);
        }
        for (host, guest) in self.dirs {
            runner = runner.dir(host, guest);
        }
        for stream in self.streams {
            runner = runner.stream(stream);
        }
        let running = match runner.spawn(&case.program) {
            Ok(running) => running,
            Err(error) => panic!("the guest does not start: {error:#}"),
        };
        Session::new(case, Started::Wasm(running))
    }
}
