//! Loads and compiles guests, each once in a process.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use wasmtime::{Config, Engine, Module};

/// A guest as it is on disk, and how it is compiled.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    path: PathBuf,
    modified: SystemTime,
    len_bytes: u64,
    fuel: bool,
}

/// A module that one thread compiles while the others wait for it.
type Slot = Arc<Mutex<Option<Module>>>;

/// The compiled guest at `path`.
pub(crate) fn load(path: &Path, fuel: bool) -> Result<Module> {
    static CACHE: OnceLock<Mutex<HashMap<Key, Slot>>> = OnceLock::new();
    let metadata =
        fs::metadata(path).with_context(|| format!("cannot read the guest {}", path.display()))?;
    if metadata.is_dir() {
        bail!("the guest {} is a directory", path.display());
    }
    let key = Key {
        path: path.to_owned(),
        modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
        len_bytes: metadata.len(),
        fuel,
    };
    let slot = {
        let mut cache = CACHE
            .get_or_init(Mutex::default)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(cache.entry(key).or_default())
    };
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(module) = &*slot {
        return Ok(module.clone());
    }
    let module = compile(path, engine(fuel)?)?;
    Ok(slot.insert(module).clone())
}

fn compile(path: &Path, engine: &Engine) -> Result<Module> {
    let bytes =
        fs::read(path).with_context(|| format!("cannot read the guest {}", path.display()))?;
    check_format(path, &bytes)?;
    Module::new(engine, &bytes).map_err(|error| {
        anyhow::anyhow!(
            "{} is not a valid WebAssembly module: {error:#}",
            path.display()
        )
    })
}

/// Tells a module from what is often given in its place.
fn check_format(path: &Path, bytes: &[u8]) -> Result<()> {
    // The magic number is followed by a version and a layer, 16 bits each:
    // layer 0 is a module, layer 1 a component.
    match bytes {
        [0, b'a', b's', b'm', _, _, 0, 0, ..] => Ok(()),
        [0, b'a', b's', b'm', _, _, 1, 0, ..] => bail!(
            "{} is a component, and this host runs modules: build it for wasm32-wasip1 or wasm32-wasip1-threads",
            path.display()
        ),
        _ if path.extension().is_some_and(|extension| extension == "wat") => Ok(()),
        _ => bail!("{} is not WebAssembly", path.display()),
    }
}

/// The engine of all guests that count fuel, or of all that do not.
fn engine(fuel: bool) -> Result<&'static Engine> {
    static ENGINES: [OnceLock<Engine>; 2] = [OnceLock::new(), OnceLock::new()];
    let slot = &ENGINES[usize::from(fuel)];
    if slot.get().is_none() {
        let mut config = Config::new();
        config
            .epoch_interruption(true)
            .consume_fuel(fuel)
            .wasm_threads(true)
            .shared_memory(true);
        let engine = Engine::new(&config)
            .map_err(|error| anyhow::anyhow!("cannot set up wasmtime: {error:#}"))?;
        // Another thread may have been faster: its engine is as good.
        let _ = slot.set(engine);
    }
    slot.get().context("cannot set up wasmtime")
}
