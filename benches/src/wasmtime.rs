//! The command line of wasmtime, which runs a server as a process.

use std::ffi::OsString;
use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};

use crate::peer::Place;

/// The last version that has sockets of WASI 0.1.
const LAST_WITH_SOCKETS_OF_01: u32 = 46;

/// An installed wasmtime.
#[derive(Clone, Debug)]
pub struct Wasmtime {
    program: PathBuf,
    /// The first number of its version.
    major: u32,
}

impl Display for Wasmtime {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "wasmtime {}", self.major)
    }
}

impl Wasmtime {
    /// Asks `program` for its version.
    ///
    /// # Errors
    /// It cannot be started, or is no wasmtime.
    pub fn at(program: &Path) -> anyhow::Result<Self> {
        let shown = program.display();
        let output = Command::new(program)
            .arg("--version")
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot start {shown}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let major = major_in(&text)
            .with_context(|| format!("{shown} is no wasmtime: {:?}", text.trim()))?;
        Ok(Self {
            program: program.to_owned(),
            major,
        })
    }

    /// # Errors
    /// It has no sockets on this version of WASI.
    pub fn check_sockets(&self, place: Place) -> anyhow::Result<()> {
        if place == Place::Wasi01 && self.major > LAST_WITH_SOCKETS_OF_01 {
            bail!(
                "{self} has no sockets on WASI 0.1: wasmtime {LAST_WITH_SOCKETS_OF_01} is the last \
                 version that has them"
            );
        }
        Ok(())
    }

    /// The command that serves with `guest` on `address`. On WASI 0.1 its port must not be 0, as
    /// nothing says which one it becomes.
    ///
    /// # Errors
    /// It has no sockets on this version of WASI.
    pub fn command(
        &self,
        guest: &Path,
        place: Place,
        address: SocketAddr,
    ) -> anyhow::Result<Command> {
        ensure!(place != Place::Native, "a native program needs no host");
        self.check_sockets(place)?;
        let mut command = Command::new(&self.program);
        command
            .args(arguments(guest, place, address))
            // With a backtrace for each would-block, a host is up to twenty times slower.
            .env("RUST_BACKTRACE", "0")
            .env("RUST_LIB_BACKTRACE", "0");
        Ok(command)
    }
}

/// The arguments, as in the README.
fn arguments(guest: &Path, place: Place, address: SocketAddr) -> Vec<OsString> {
    let options = match place {
        Place::Wasi02 => "-S inherit-network".to_owned(),
        Place::Wasi03 => "-S p3,inherit-network -W component-model-async".to_owned(),
        Place::Wasi01 | Place::Native => format!("-S preview2=n -S tcplisten={address}"),
    };
    let mut arguments = vec!["run".into()];
    arguments.extend(options.split_whitespace().map(OsString::from));
    arguments.push(guest.into());
    if place != Place::Wasi01 {
        arguments.push(address.to_string().into());
    }
    arguments
}

/// The first number of the version in what `wasmtime --version` prints.
fn major_in(printed: &str) -> Option<u32> {
    let version = printed.trim().strip_prefix("wasmtime ")?;
    version.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_recognised() {
        assert_eq!(
            major_in("wasmtime 46.0.1 (823d1b8f2 2026-06-24)\n"),
            Some(46)
        );
        assert_eq!(major_in("wasmtime 50.0.0"), Some(50));
        assert_eq!(major_in("wasmtime-cli 0.40.1"), None);
        assert_eq!(major_in("wasmtime"), None);
        assert_eq!(major_in(""), None);
    }

    #[test]
    fn each_version_of_wasi_has_the_command_line_of_the_readme() {
        let readme = std::fs::read_to_string(crate::artifact::repository().join("README.md"));
        let readme = readme.unwrap();
        let address = "127.0.0.1:7777".parse().unwrap();
        for (place, guest) in [
            (Place::Wasi01, "target/wasm32-wasip1/release/echo.wasm"),
            (Place::Wasi02, "target/wasm32-wasip2/release/echo.wasm"),
            (Place::Wasi03, "$GUEST"),
        ] {
            let arguments = arguments(Path::new(guest), place, address);
            let words: Vec<_> = arguments
                .iter()
                .map(|word| word.to_string_lossy())
                .collect();
            let line = format!("\nwasmtime {}\n", words.join(" "));
            assert!(readme.contains(&line), "{line}");
        }
    }

    #[test]
    fn only_wasmtime_46_has_sockets_of_01() {
        let of = |major| Wasmtime {
            program: "wasmtime".into(),
            major,
        };
        for place in [Place::Wasi01, Place::Wasi02, Place::Wasi03] {
            assert!(of(46).check_sockets(place).is_ok());
            assert_eq!(of(47).check_sockets(place).is_ok(), place != Place::Wasi01);
        }
        let error = of(49).check_sockets(Place::Wasi01).unwrap_err().to_string();
        assert!(error.starts_with("wasmtime 49 has no sockets"), "{error}");
    }
}
