//! WASI 0.1 with sockets, by `wasi-common`, configured as by the wasmtime 46 CLI with
//! `-S preview2=n -S tcplisten=…`.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use wasi_common::file::FileAccessMode;
use wasi_common::sync::net::Socket;
use wasi_common::sync::{Dir, WasiCtxBuilder, ambient_authority};
use wasi_common::{WasiCtx, WasiFile};
use wasmtime46::{Linker, Module};

use super::files::{Input, InputFile, Output, RefusedFile, SharedSocket};
use super::start::{self, State};
use super::threads::{self, Spawner, StoreState, Threaded};
use crate::run::capture::{Capture, Shared};
use crate::run::guest_state::GuestState;
use crate::run::program::{Endpoints, Output as OutputTo, Program};
use crate::run::stdio::{self, Source};

/// The first descriptor after stdin, stdout and stderr.
const FIRST_DESCRIPTOR: u32 = 3;

/// Starts `module`. Returns its captured standard output and standard error.
pub(crate) fn start(
    path: &Path,
    module: &Module,
    program: &Program,
    endpoints: Endpoints,
    guest: &Arc<GuestState>,
) -> Result<[Option<Capture>; 2]> {
    let (wasi, captures) = context(program, endpoints)?;
    let has_threads = program.threads || threads::are_used_by(module);
    let spawner = has_threads.then(Arc::<Spawner>::default);
    let mut linker = Linker::new(module.engine());
    let wasi = Threaded {
        wasi,
        spawner: spawner.clone(),
    };
    let mut store = State::new(wasi, Arc::clone(guest))
        .into_store(module.engine())
        .map_err(|error| anyhow!("cannot start the guest: {error:#}"))?;
    // Each host call takes the context once.
    let linked = wasi_common::sync::add_to_linker(&mut linker, |state: &mut StoreState| {
        state.guest.count_call();
        &mut state.wasi.wasi
    });
    linked
        .and_then(|()| super::imports::add_to_linker(&mut linker))
        .map_err(|error| anyhow!("cannot link the host's functions: {error:#}"))?;
    if has_threads {
        threads::add_to_linker(&mut linker, &store, module)
            .map_err(|error| anyhow!("cannot give the guest its shared memory: {error:#}"))?;
    }
    let instance = start::link(path, module, &linker, &mut store)?;
    if let Some(spawner) = spawner {
        spawner.set_instance(instance.clone());
    }
    start::start(store, instance)?;
    Ok(captures)
}

fn context(program: &Program, endpoints: Endpoints) -> Result<(WasiCtx, [Option<Capture>; 2])> {
    let mut builder = WasiCtxBuilder::new();
    builder.args(&program.args).context("bad argument")?;
    builder.envs(&program.envs).context("bad variable")?;
    let captures = set_stdio(&mut builder, program.output, endpoints.stdin)?;
    let wasi = builder.build();
    let mut next = FIRST_DESCRIPTOR;
    let mut insert = |file: Box<dyn WasiFile>| {
        wasi.insert_file(next, file, FileAccessMode::READ | FileAccessMode::WRITE);
        next += 1;
    };
    for listener in endpoints.listeners {
        insert(Socket::TcpListener(cap_std::net::TcpListener::from_std(listener)).into());
    }
    for stream in endpoints.streams {
        insert(Socket::TcpStream(cap_std::net::TcpStream::from_std(stream)).into());
    }
    if !endpoints.shared.is_empty() {
        for index in 0..program.shared_sockets {
            let socket = &endpoints.shared[index % endpoints.shared.len()];
            insert(Box::new(SharedSocket(Arc::clone(socket))));
        }
    }
    for _ in 0..program.refused_files {
        insert(Box::new(RefusedFile));
    }
    for (host, guest) in &program.dirs {
        let dir = Dir::open_ambient_dir(host, ambient_authority())
            .with_context(|| format!("cannot open the directory {}", host.display()))?;
        let dir = wasi_common::sync::dir::Dir::from_cap_std(dir);
        wasi.push_preopened_dir(Box::new(dir), guest)
            .map_err(|error| {
                anyhow!(
                    "cannot pass the directory {} to the guest: {error}",
                    host.display()
                )
            })?;
    }
    Ok((wasi, captures))
}

fn set_stdio(
    builder: &mut WasiCtxBuilder,
    output: OutputTo,
    stdin: Source,
) -> Result<[Option<Capture>; 2]> {
    match stdin {
        Source::Null => builder.stdin(Box::new(Input::new(stdio::null()?)?)),
        Source::Pipe(pipe) => builder.stdin(Box::new(Input::new(stdio::file_of(pipe))?)),
        Source::File(file) => builder.stdin(Box::new(InputFile(file))),
        Source::Inherit => builder.inherit_stdin(),
    };
    if output == OutputTo::Inherited {
        builder.inherit_stdout().inherit_stderr();
        return Ok([None, None]);
    }
    let (stdout, stderr) = (Shared::default(), Shared::default());
    builder
        .stdout(Box::new(Output::new(stdout.clone())?))
        .stderr(Box::new(Output::new(stderr.clone())?));
    Ok([Some(Capture::Shared(stdout)), Some(Capture::Shared(stderr))])
}
