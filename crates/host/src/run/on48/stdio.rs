//! What `wasmtime-wasi` gives a guest of any version: arguments, standard streams, directories.

use anyhow::{Context, Result, anyhow};
use wasmtime_wasi::cli::InputFile;
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use super::slow;
use crate::run::capture::{Capture, Shared};
use crate::run::program::{Output, Program};
use crate::run::stdio::{self, Source};

/// The largest size of a captured output. A guest that writes more traps.
const CAPTURE_BYTES: usize = 64 << 20;

/// Builds the context of a guest on `wasmtime-wasi`, except for the network.
pub(crate) fn builder(
    program: &Program,
    stdin: Source,
) -> Result<(WasiCtxBuilder, [Option<Capture>; 2])> {
    let mut builder = WasiCtxBuilder::new();
    builder
        .args(&program.args)
        .envs(&program.envs)
        .allow_blocking_current_thread(true);
    match stdin {
        Source::Null => builder.stdin(MemoryInputPipe::new(Vec::new())),
        Source::Pipe(pipe) => builder.stdin(stdin_of(pipe)?),
        Source::File(file) => builder.stdin(InputFile::new(file)),
        Source::Inherit => builder.inherit_stdin(),
    };
    let captures = match program.output {
        Output::Inherited => {
            builder.inherit_stdout().inherit_stderr();
            [None, None]
        }
        Output::Captured => {
            let pipes = [(); 2].map(|()| MemoryOutputPipe::new(CAPTURE_BYTES));
            builder.stdout(pipes[0].clone()).stderr(pipes[1].clone());
            pipes.map(|pipe| Some(Capture::Pipe(pipe)))
        }
        Output::Slow => {
            let captured = [(); 2].map(|()| Shared::default());
            let [stdout, stderr] = captured.clone().map(slow::output);
            builder.stdout(stdout).stderr(stderr);
            captured.map(|captured| Some(Capture::Shared(captured)))
        }
    };
    for (host, guest) in &program.dirs {
        builder
            .preopened_dir(host, guest, FsPerms::ReadWrite)
            .map_err(|error| anyhow!("cannot open the directory {}: {error:#}", host.display()))?;
    }
    Ok((builder, captures))
}

/// Makes an input that the guest can wait for.
#[cfg(unix)]
fn stdin_of(pipe: std::io::PipeReader) -> Result<wasmtime_wasi::cli::AsyncStdinStream> {
    use tokio::net::unix::pipe::Receiver;
    wasmtime_wasi::runtime::with_ambient_tokio_runtime(|| {
        let receiver = Receiver::from_file(stdio::file_of(pipe)).context("cannot use a pipe")?;
        Ok(wasmtime_wasi::cli::AsyncStdinStream::new(receiver))
    })
}

/// Makes an input that is always ready: this system cannot wait for a pipe.
#[cfg(not(unix))]
fn stdin_of(pipe: std::io::PipeReader) -> Result<InputFile> {
    Ok(InputFile::new(stdio::file_of(pipe)))
}
