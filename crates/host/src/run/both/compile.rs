//! The engines of one version of wasmtime, and its compiled modules.

use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow};

use super::{configure, wasmtime};
use crate::run::guest_file::{Cache, GuestFile};
use wasmtime::{Config, Engine, Module};

/// Compiles a module, once per process.
pub(crate) fn module(file: &GuestFile<'_>, fuel: bool) -> Result<Module> {
    static CACHE: Cache<Module> = Cache::new();
    CACHE.get(file, fuel, || {
        Module::new(engine(fuel)?, &file.bytes).map_err(|error| {
            let path = file.path.display();
            anyhow!("{path} is not a valid WebAssembly module: {error:#}")
        })
    })
}

/// Returns the engine: one for all guests that count fuel, and one for all others.
pub(super) fn engine(fuel: bool) -> Result<&'static Engine> {
    static ENGINES: [OnceLock<Engine>; 2] = [OnceLock::new(), OnceLock::new()];
    let slot = &ENGINES[usize::from(fuel)];
    if slot.get().is_none() {
        let mut config = Config::new();
        config.epoch_interruption(true).consume_fuel(fuel);
        configure(&mut config);
        let engine =
            Engine::new(&config).map_err(|error| anyhow!("cannot set up wasmtime: {error:#}"))?;
        // If another thread was faster, its engine is used.
        let _ = slot.set(engine);
    }
    slot.get().context("cannot set up wasmtime")
}
