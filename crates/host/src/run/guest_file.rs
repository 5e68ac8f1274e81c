//! Reads guests, and keeps what is compiled of them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

/// The format of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Module,
    Component,
}

/// A guest that has been read.
#[derive(Debug)]
pub(crate) struct GuestFile<'a> {
    pub(crate) path: &'a Path,
    pub(crate) bytes: Vec<u8>,
    pub(crate) format: Format,
    modified: SystemTime,
}

impl<'a> GuestFile<'a> {
    /// Reads the guest at `path`.
    pub(crate) fn read(path: &'a Path) -> Result<Self> {
        let problem = || format!("cannot read the guest {}", path.display());
        let metadata = fs::metadata(path).with_context(problem)?;
        if metadata.is_dir() {
            bail!("the guest {} is a directory", path.display());
        }
        let bytes = fs::read(path).with_context(problem)?;
        let Some(format) = format(path, &bytes) else {
            bail!("{} is not WebAssembly", path.display());
        };
        Ok(Self {
            path,
            bytes,
            format,
            modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
        })
    }
}

fn format(path: &Path, bytes: &[u8]) -> Option<Format> {
    // A version and a layer follow the magic number, 16 bits each. Layer 0 is a module, layer 1 a
    // component.
    match bytes {
        [0, b'a', b's', b'm', _, _, 0, 0, ..] => Some(Format::Module),
        [0, b'a', b's', b'm', _, _, 1, 0, ..] => Some(Format::Component),
        // The text format.
        _ if path.extension()? == "wat" => Some(if bytes.starts_with(b"(component") {
            Format::Component
        } else {
            Format::Module
        }),
        _ => None,
    }
}

/// Identifies a compiled guest: a file in a certain state, and a setting of the compiler.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    path: PathBuf,
    modified: SystemTime,
    len_bytes: usize,
    fuel: bool,
}

/// One compiled guest. The thread that compiles it holds the lock, and others wait for it.
type Slot<T> = Arc<Mutex<Option<T>>>;

/// All guests that are compiled or being compiled.
pub(crate) struct Cache<T>(LazyLock<Mutex<HashMap<Key, Slot<T>>>>);

impl<T: Clone> Cache<T> {
    pub(crate) const fn new() -> Self {
        Self(LazyLock::new(Mutex::default))
    }

    /// Returns what `compile` made of the guest the first time.
    pub(crate) fn get(
        &self,
        file: &GuestFile<'_>,
        fuel: bool,
        compile: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let key = Key {
            path: file.path.to_owned(),
            modified: file.modified,
            len_bytes: file.bytes.len(),
            fuel,
        };
        let slot = {
            let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry(key).or_default())
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiled) = &*slot {
            return Ok(compiled.clone());
        }
        Ok(slot.insert(compile()?).clone())
    }
}
