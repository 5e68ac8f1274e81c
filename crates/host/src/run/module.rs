//! Loads and compiles guests, each once per process.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use wasmtime::component::Component;
use wasmtime::{Config, Engine, Module};

/// Identifies a compiled guest: a file in a certain state, and a setting of the compiler.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    path: PathBuf,
    modified: SystemTime,
    len_bytes: u64,
    fuel: bool,
}

/// One compiled guest. The thread that compiles it holds the lock, and others wait for it.
type Slot<T> = Arc<Mutex<Option<T>>>;

/// All guests that are compiled or being compiled.
type Cache<T> = OnceLock<Mutex<HashMap<Key, Slot<T>>>>;

/// Loads the module at `path`, compiled.
pub(crate) fn load(path: &Path, fuel: bool) -> Result<Module> {
    static CACHE: Cache<Module> = OnceLock::new();
    cached(&CACHE, path, fuel, || {
        let bytes = read(path)?;
        check_format(path, &bytes, Format::Module)?;
        Module::new(engine(fuel)?, &bytes).map_err(|error| {
            anyhow::anyhow!(
                "{} is not a valid WebAssembly module: {error:#}",
                path.display()
            )
        })
    })
}

/// Loads the component at `path`, compiled.
pub(crate) fn load_component(path: &Path, fuel: bool) -> Result<Component> {
    static CACHE: Cache<Component> = OnceLock::new();
    cached(&CACHE, path, fuel, || {
        let bytes = read(path)?;
        check_format(path, &bytes, Format::Component)?;
        Component::new(engine(fuel)?, &bytes).map_err(|error| {
            anyhow::anyhow!(
                "{} is not a valid WebAssembly component: {error:#}",
                path.display()
            )
        })
    })
}

fn cached<T: Clone>(
    cache: &Cache<T>,
    path: &Path,
    fuel: bool,
    compile: impl FnOnce() -> Result<T>,
) -> Result<T> {
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
        let mut cache = cache
            .get_or_init(Mutex::default)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(cache.entry(key).or_default())
    };
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(compiled) = &*slot {
        return Ok(compiled.clone());
    }
    Ok(slot.insert(compile()?).clone())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read the guest {}", path.display()))
}

/// The format of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Module,
    Component,
}

/// Fails, with advice, if the guest is a module where a component is expected, or the reverse.
fn check_format(path: &Path, bytes: &[u8], expected: Format) -> Result<()> {
    // A version and a layer follow the magic number, 16 bits each. Layer 0 is a module, layer 1 a
    // component.
    let actual = match bytes {
        [0, b'a', b's', b'm', _, _, 0, 0, ..] => Format::Module,
        [0, b'a', b's', b'm', _, _, 1, 0, ..] => Format::Component,
        _ if path.extension().is_some_and(|extension| extension == "wat") => return Ok(()),
        _ => bail!("{} is not WebAssembly", path.display()),
    };
    match (actual, expected) {
        (Format::Component, Format::Module) => bail!(
            "{} is a component, but WASI 0.1 runs modules: run it with --wasi 0.2, or build it for \
             wasm32-wasip1 or wasm32-wasip1-threads",
            path.display()
        ),
        (Format::Module, Format::Component) => bail!(
            "{} is a module, but WASI 0.2 runs components: build it for wasm32-wasip2",
            path.display()
        ),
        _ => Ok(()),
    }
}

/// Returns the engine: one for all guests that count fuel, and one for all others.
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
        // If another thread was faster, its engine is used.
        let _ = slot.set(engine);
    }
    slot.get().context("cannot set up wasmtime")
}
