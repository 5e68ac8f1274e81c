//! Node.js and its `node:wasi`: a host of WASI 0.1 that others wrote, without sockets.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What calls `node:wasi`.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guests/harness/node.mjs");

/// The first version with what the script asks for.
const OLDEST: u32 = 18;
/// The first that has it without being told to.
const UNFLAGGED: u32 = 20;

/// The command that runs `program`; what follows is given to the program. `Err` says why
/// there is none.
pub(super) fn command(program: &Path, dirs: &[(PathBuf, String)]) -> Result<Command, String> {
    static VERSION: OnceLock<Result<u32, String>> = OnceLock::new();
    let version = VERSION.get_or_init(version).clone()?;
    let mut command = Command::new("node");
    command.arg("--no-warnings");
    if version < UNFLAGGED {
        command.arg("--experimental-wasi-unstable-preview1");
    }
    command.arg(SCRIPT).arg(object(dirs)).arg(program);
    Ok(command)
}

/// The first number of the version of the Node.js on the PATH.
fn version() -> Result<u32, String> {
    let remedy = format!("install Node.js {OLDEST} or later (Debian: nodejs)");
    let Ok(output) = Command::new("node").arg("--version").output() else {
        return Err(format!("no `node` on the PATH: {remedy}"));
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let text = text.trim();
    let number = text.trim_start_matches('v').split('.').next();
    match number.and_then(|number| number.parse().ok()) {
        Some(number) if number >= OLDEST => Ok(number),
        _ => Err(format!("`node --version` is {text:?}: {remedy}")),
    }
}

/// The directories as an object in JSON. Names are those of tests: nothing to escape but
/// what `Debug` escapes in the same way.
fn object(dirs: &[(PathBuf, String)]) -> String {
    let members = dirs
        .iter()
        .map(|(host, guest)| format!("{guest:?}:{host:?}"));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}
