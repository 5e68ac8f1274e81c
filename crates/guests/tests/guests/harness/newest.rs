//! The host in `hosts/newest`: WASI 0.2 on a newer wasmtime. It takes minutes to build, so it takes
//! part where it is built already, as by `cargo xtask test`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names the host's program.
const VARIABLE: &str = "WASIO_NEWEST_HOST";

/// The start of what the host itself says on standard error.
const ITS_WORD: &str = "wasio-newest: ";

/// Its program, if there is one.
pub(super) fn program() -> Option<PathBuf> {
    env::var_os(VARIABLE).map(PathBuf::from)
}

/// What the guest is to do without.
#[derive(Copy, Clone, Debug)]
pub(super) struct Limits {
    pub(super) network: bool,
    pub(super) name_lookup: bool,
}

/// The command that runs `guest`; what follows is given to the guest.
pub(super) fn command(guest: &Path, limits: Limits) -> Command {
    let program = program().expect("its tests are listed where it is");
    let mut command = Command::new(program);
    if !limits.network {
        command.arg("--no-network");
    }
    if !limits.name_lookup {
        command.arg("--no-name-lookup");
    }
    command.arg(guest);
    command
}

/// What the guest has written to standard error, and how many resources the host says it kept at the
/// end of the guest.
pub(super) fn split(stderr: Vec<u8>) -> (Vec<u8>, Option<usize>) {
    let line_at = stderr
        .trim_ascii_end()
        .iter()
        .rposition(|byte| *byte == b'\n');
    let (before, last) = stderr.split_at(line_at.map_or(0, |at| at + 1));
    let count = String::from_utf8_lossy(last)
        .trim_end()
        .strip_prefix(ITS_WORD)
        .and_then(|word| word.strip_suffix(" resources")?.parse().ok());
    match count {
        Some(count) => (before.to_vec(), Some(count)),
        None => (stderr, None),
    }
}
