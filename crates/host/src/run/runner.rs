//! Configures and starts a guest.

use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::peer;
use crate::run::guest_file::{Format, GuestFile};
use crate::run::guest_state::{Engine, GuestState};
use crate::run::on46::{self, sockets01};
use crate::run::on48::{self, components, plain01};
use crate::run::program::{Endpoints, Output, Program, Wasi};
use crate::run::running::{Parts, Running};
use crate::run::stdio::Stdin;
use anyhow::{Context, Result, anyhow, bail, ensure};
use socket2::{Domain, Protocol, Socket, Type};

/// The length of a listener's queue. The system may have a lower limit.
const BACKLOG: i32 = 4096;

/// How many handles a component may hold at the same time. wasmtime's default is a tenth of it.
const HANDLES: usize = 1_000_000;

/// The number of sockets that the descriptors of [`Runner::shared_sockets`] share.
const SHARED_SOCKETS: usize = 4;

/// Configures and starts a guest.
///
/// The guest receives its descriptors in this order, from 3 on: listeners, streams, shared sockets,
/// refused files, directories.
#[derive(Debug)]
pub struct Runner {
    /// `None` recognises it.
    wasi: Option<Wasi>,
    fuel: bool,
    listen: Vec<String>,
    streams: Vec<TcpStream>,
    stdin: Stdin,
    program: Program,
}

impl Runner {
    /// Creates a runner for a guest without arguments, variables, directories and sockets, with
    /// empty input and captured output.
    #[must_use]
    pub fn new(wasi: Wasi) -> Self {
        Self::with(Some(wasi))
    }

    /// Creates a runner that recognises the version of WASI: a component is of 0.3 if it exports
    /// `wasi:cli/run@0.3.0`, else of 0.2, and a module runs as [`Wasi::Sockets01`].
    #[must_use]
    pub fn for_any_version() -> Self {
        Self::with(None)
    }

    fn with(wasi: Option<Wasi>) -> Self {
        Self {
            wasi,
            fuel: false,
            listen: Vec::new(),
            streams: Vec::new(),
            stdin: Stdin::Null,
            program: Program {
                args: Vec::new(),
                envs: Vec::new(),
                dirs: Vec::new(),
                threads: false,
                network: true,
                name_lookup: true,
                handles: HANDLES,
                output: Output::Captured,
                shared_sockets: 0,
                refused_files: 0,
            },
        }
    }

    /// Lets the guest start threads ([`Wasi::Sockets01`] only). A guest that imports the function
    /// for that needs no such option.
    #[must_use]
    pub fn threads(mut self, on: bool) -> Self {
        self.program.threads = on;
        self
    }

    /// Forbids the guest to use the network (WASI 0.2 and 0.3 only): its sockets can use no
    /// address, and it cannot look up names or send requests.
    #[must_use]
    pub fn without_network(mut self) -> Self {
        self.program.network = false;
        self.without_name_lookup()
    }

    /// Forbids the guest to look up names (WASI 0.2 and 0.3 only). It can still use addresses.
    #[must_use]
    pub fn without_name_lookup(mut self) -> Self {
        self.program.name_lookup = false;
        self
    }

    /// Limits the number of handles (sockets, streams and so on) that a component holds at the same
    /// time. One that needs more traps. The default is a million.
    #[must_use]
    pub fn handles(mut self, most: usize) -> Self {
        self.program.handles = most;
        self
    }

    /// Counts fuel, which makes the guest slower. It never runs out of fuel.
    #[must_use]
    pub fn fuel(mut self, on: bool) -> Self {
        self.fuel = on;
        self
    }

    /// Opens a listener on `address` (host and port) for the guest. Port 0 is any free port.
    #[must_use]
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen.push(address.into());
        self
    }

    /// Opens `count` listeners on ephemeral ports of 127.0.0.1 for the guest.
    #[must_use]
    pub fn listeners(mut self, count: usize) -> Self {
        self.listen
            .extend((0..count).map(|_| "127.0.0.1:0".to_owned()));
        self
    }

    /// Passes a connected stream to the guest, and makes it non-blocking.
    #[must_use]
    pub fn stream(mut self, stream: TcpStream) -> Self {
        self.streams.push(stream);
        self
    }

    /// Passes `count` descriptors to the guest that share a few connected sockets: with `k`
    /// sockets, descriptor `i` uses socket `i % k`. Their other ends are [`Running::shared_peers`].
    #[must_use]
    pub fn shared_sockets(mut self, count: usize) -> Self {
        self.program.shared_sockets = count;
        self
    }

    /// Passes `count` descriptors to the guest that the host refuses to poll.
    #[must_use]
    pub fn refused_files(mut self, count: usize) -> Self {
        self.program.refused_files = count;
        self
    }

    /// Adds an argument after the guest's name.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.program.args.push(arg.into());
        self
    }

    /// Adds arguments after the guest's name.
    #[must_use]
    pub fn args<A: Into<String>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.program.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable in the guest's environment, which is empty by default.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.program.envs.push((name.into(), value.into()));
        self
    }

    /// Passes the directory `host` to the guest, under the name `guest`.
    #[must_use]
    pub fn dir(mut self, host: impl Into<PathBuf>, guest: impl Into<String>) -> Self {
        self.program.dirs.push((host.into(), guest.into()));
        self
    }

    /// Sets the guest's input.
    #[must_use]
    pub fn stdin(mut self, stdin: Stdin) -> Self {
        self.stdin = stdin;
        self
    }

    /// Gives the guest the input and output of this process.
    #[must_use]
    pub fn inherit_stdio(mut self) -> Self {
        self.stdin = Stdin::Inherit;
        self.program.output = Output::Inherited;
        self
    }

    /// Takes what a component writes to its outputs some bytes at a time, in the background, as an
    /// embedder may. What it has not flushed when it ends is lost. For components of WASI 0.2 only: of
    /// 0.3 this output of wasmtime 48 panics when it is closed.
    #[must_use]
    pub fn slow_output(mut self) -> Self {
        self.program.output = Output::Slow;
        self
    }

    /// Starts the guest at `path` on a separate thread.
    ///
    /// # Errors
    /// One sentence that names the problem: the guest is missing, is not a module or imports
    /// something that this host lacks, or an address, directory or option cannot be used.
    pub fn spawn(mut self, path: impl AsRef<Path>) -> Result<Running> {
        let path = path.as_ref();
        let (wasi, compiled) = load(path, self.wasi, self.fuel)?;
        self.check(wasi)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.program.args.insert(0, name.into_owned());
        let listeners = bind_all(&self.listen)?;
        let addrs = listeners
            .iter()
            .map(TcpListener::local_addr)
            .collect::<Result<Vec<_>, _>>()
            .context("cannot get the address of a listener")?;
        for stream in &self.streams {
            stream
                .set_nonblocking(true)
                .context("cannot use a stream")?;
        }
        let pairs = if self.program.shared_sockets == 0 {
            0
        } else {
            SHARED_SOCKETS
        };
        let (shared, shared_peers) = shared_pairs(pairs).context("cannot make shared sockets")?;
        let (source, stdin) = self.stdin.open().context("cannot make a pipe")?;
        let endpoints = Endpoints {
            listeners,
            streams: self.streams,
            shared,
            stdin: source,
        };
        let guest = Arc::new(GuestState::new(compiled.engine(), self.fuel));
        let program = &self.program;
        let captures = match &compiled {
            Compiled::Sockets01(module) => {
                sockets01::start(path, module, program, endpoints, &guest)?
            }
            Compiled::Plain01(module) => plain01::start(path, module, program, endpoints, &guest)?,
            Compiled::Component(component) => {
                components::start(path, component, program, endpoints, &guest)?
            }
        };
        Ok(Running::new(Parts {
            guest,
            addrs,
            captures,
            stdin,
            shared_peers,
        }))
    }

    /// Fails if an option needs something that the chosen WASI does not have.
    fn check(&self, wasi: Wasi) -> Result<()> {
        ensure!(
            wasi.is_of_components() || self.program.name_lookup,
            "WASI 0.1 has no network except the sockets that the host opens: \
             leave out --no-network and --no-name-lookup, or build the guest for WASI 0.2 (wasm32-wasip2)"
        );
        ensure!(
            wasi.is_of_components() || self.program.handles == HANDLES,
            "a module has no handles to limit: leave out --max-handles, or build the guest for \
             WASI 0.2 (wasm32-wasip2)"
        );
        if wasi == Wasi::Sockets01 {
            return Ok(());
        }
        let name = wasi.name();
        ensure!(
            !self.program.threads,
            "{name} has no threads: leave out --threads or use --wasi 0.1-sockets"
        );
        let program = &self.program;
        let sockets = self.listen.len() + self.streams.len();
        ensure!(
            sockets + program.shared_sockets + program.refused_files == 0,
            "{name} takes no listener: leave out --listen or use --wasi 0.1-sockets"
        );
        Ok(())
    }
}

/// A compiled guest.
enum Compiled {
    Sockets01(wasmtime46::Module),
    Plain01(wasmtime::Module),
    Component(wasmtime::component::Component),
}

impl Compiled {
    fn engine(&self) -> Engine {
        match self {
            Self::Sockets01(module) => Engine::On46(module.engine().clone()),
            Self::Plain01(module) => Engine::On48(module.engine().clone()),
            Self::Component(component) => Engine::On48(component.engine().clone()),
        }
    }
}

/// Loads the guest at `path` for a version of WASI, or the one that it is recognised to be for.
/// Fails, with advice, if it is for another.
fn load(path: &Path, wasi: Option<Wasi>, fuel: bool) -> Result<(Wasi, Compiled)> {
    let file = GuestFile::read(path)?;
    let name = path.display();
    match (file.format, wasi) {
        (Format::Module, None | Some(Wasi::Sockets01)) => {
            let module = on46::compile::module(&file, fuel)?;
            Ok((Wasi::Sockets01, Compiled::Sockets01(module)))
        }
        (Format::Module, Some(Wasi::Plain01)) => {
            let module = on48::compile::module(&file, fuel).map_err(|error| {
                let module = on46::compile::module(&file, fuel);
                if !module.is_ok_and(|module| on46::threads::are_used_by(&module)) {
                    return error;
                }
                let version = Wasi::Plain01.name();
                anyhow!("{name} needs threads, and {version} has none: use --wasi 0.1-sockets")
            })?;
            Ok((Wasi::Plain01, Compiled::Plain01(module)))
        }
        (Format::Module, Some(wasi)) => bail!(
            "{name} is a module, but {} runs components: build it for wasm32-wasip2",
            wasi.name()
        ),
        (Format::Component, Some(Wasi::Sockets01 | Wasi::Plain01)) => bail!(
            "{name} is a component, but WASI 0.1 runs modules: leave out --wasi, or build it for \
             wasm32-wasip1 or wasm32-wasip1-threads"
        ),
        (Format::Component, wanted) => {
            let component = components::load(&file, fuel)?;
            let wasi = components::version(&component);
            match wanted {
                Some(Wasi::Sockets02) if wasi == Wasi::Sockets03 => bail!(
                    "{name} is a component of WASI 0.3: leave out --wasi 0.2, or build it without \
                     --cfg wasio_backend=\"p3\""
                ),
                Some(Wasi::Sockets03) if wasi == Wasi::Sockets02 => bail!(
                    "{name} does not export `{}`, so it is no program of WASI 0.3: leave out \
                     --wasi 0.3",
                    components::RUN_03
                ),
                _ => Ok((wasi, Compiled::Component(component))),
            }
        }
    }
}

fn bind_all(addresses: &[String]) -> Result<Vec<TcpListener>> {
    addresses.iter().map(|address| bind(address)).collect()
}

/// Opens a non-blocking listener, as the wasmtime CLI does.
fn bind(address: &str) -> Result<TcpListener> {
    let addrs: Vec<SocketAddr> = match address.to_socket_addrs() {
        Ok(addrs) => addrs.collect(),
        Err(error) => {
            bail!("{address:?} is not an address to listen on (such as 127.0.0.1:8080): {error}")
        }
    };
    let addr = *addrs
        .first()
        .with_context(|| format!("{address:?} resolves to no address"))?;
    let listen = || {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
        // Not on Windows, where the option lets others take over the port.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.bind(&addr.into())?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        std::io::Result::Ok(socket.into())
    };
    listen().with_context(|| format!("cannot listen on {addr}"))
}

/// Creates connected sockets. Returns the guest's ends and the test's ends.
fn shared_pairs(count: usize) -> std::io::Result<(Vec<Arc<TcpStream>>, Vec<TcpStream>)> {
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    for _ in 0..count {
        let (guest, test) = peer::pair()?;
        guest.set_nonblocking(true)?;
        theirs.push(Arc::new(guest));
        ours.push(test);
    }
    Ok((theirs, ours))
}
