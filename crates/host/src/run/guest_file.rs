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
        let mut bytes = fs::read(path).with_context(problem)?;
        if path.extension().is_some_and(|extension| extension == "wat") {
            bytes = to_binary(path, &bytes)?;
        }
        let Some(format) = format(&bytes) else {
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

/// The binary format of a guest in the text format. One that is binary already stays as it is.
fn to_binary(path: &Path, text: &[u8]) -> Result<Vec<u8>> {
    let binary = wat::parse_bytes(text)
        .with_context(|| format!("{} is not valid WebAssembly text", path.display()))?;
    Ok(binary.into_owned())
}

fn format(bytes: &[u8]) -> Option<Format> {
    // A version and a layer follow the magic number, 16 bits each. Layer 0 is a module, layer 1 a
    // component.
    match bytes {
        [0, b'a', b's', b'm', _, _, 0, 0, ..] => Some(Format::Module),
        [0, b'a', b's', b'm', _, _, 1, 0, ..] => Some(Format::Component),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn format_of(text: &str) -> Result<Option<Format>> {
        Ok(format(&to_binary(Path::new("guest.wat"), text.as_bytes())?))
    }

    #[test]
    fn a_text_is_of_the_format_that_it_is_written_in_whatever_comes_before() {
        for before in ["", " \n\t", ";; A (module.\n", "(; A (module. ;)\n\n "] {
            for (text, expected) in [
                ("(module)", Format::Module),
                ("(component)", Format::Component),
                ("( component $named)", Format::Component),
                ("(func)", Format::Module),
            ] {
                let text = format!("{before}{text}");
                assert_eq!(format_of(&text).unwrap(), Some(expected), "{text}");
            }
        }
    }

    #[test]
    fn a_text_that_is_none_is_refused_with_its_name_and_the_place() {
        let error = format!("{:#}", format_of("(module\n  (funk))").unwrap_err());
        assert!(
            error.starts_with("guest.wat is not valid WebAssembly text: "),
            "{error}"
        );
        assert!(error.contains("2:4"), "{error}");
    }

    #[test]
    fn what_has_no_header_of_webassembly_has_no_format() {
        assert_eq!(format(b""), None);
        assert_eq!(format(b"\0asm\x01\0\x02\0"), None);
        assert_eq!(format(b"(module)"), None);
    }
}
