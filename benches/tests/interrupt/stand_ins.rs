//! What stands in for cargo and wasmtime: scripts that hang, or that serve at once.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use wasio_bench::peer::Peer;

/// The name of the process that a script which hangs has started: it is there when they hang.
pub(crate) const HANGING: &str = "sleep";

/// The name of the process that serves: the native echo server, which all scripts become.
pub(crate) const SERVER: &str = "wasio-echo";

/// A compiler that cargo runs, or what a program does before it prints anything.
const HANG: &str = "sleep 600 & wait";

/// What cargo does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cargo {
    Hangs,
    /// It has built the native server, whatever it is asked for.
    BuildsServer,
    /// It has built a program that hangs.
    BuildsWhatHangs,
}

/// What wasmtime does when it is told to run a guest.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wasmtime {
    Hangs,
    Serves,
}

/// A folder of them.
#[derive(Debug)]
pub(crate) struct StandIns {
    folder: PathBuf,
}

impl StandIns {
    /// Those of this process. They are made before any test starts a process: a script that is open
    /// for writing in a child cannot be started.
    pub(crate) fn get() -> &'static Self {
        static MADE: OnceLock<StandIns> = OnceLock::new();
        MADE.get_or_init(Self::make)
    }

    fn make() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("interrupt");
        let stand_ins = Self { folder };
        let native = Peer::named("wasio-native").expect("a peer");
        let server = native.build().expect("build").server;
        assert!(server.ends_with(SERVER), "{}", server.display());
        let server = server.display();

        let hanging = stand_ins.write("hangs", "program", HANG);
        let hanging = hanging.display();
        stand_ins.write(Cargo::Hangs.folder(), "cargo", HANG);
        stand_ins.write(
            Cargo::BuildsServer.folder(),
            "cargo",
            &builds(&server.to_string()),
        );
        stand_ins.write(
            Cargo::BuildsWhatHangs.folder(),
            "cargo",
            &builds(&hanging.to_string()),
        );

        let run =
            |what: &str| format!("[ $1 = --version ] && echo wasmtime 49.0.0 && exit\n{what}");
        let serve = format!("exec '{server}' \"$@\"");
        stand_ins.write(Wasmtime::Hangs.folder(), "wasmtime", &run(HANG));
        stand_ins.write(Wasmtime::Serves.folder(), "wasmtime", &run(&serve));
        stand_ins
    }

    fn write(&self, folder: &str, name: &str, lines: &str) -> PathBuf {
        let folder = self.folder.join(folder);
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\n{lines}\n")).expect("write");
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&path, executable).expect("permissions");
        path
    }

    pub(crate) fn wasmtime(&self, wasmtime: Wasmtime) -> PathBuf {
        self.folder.join(wasmtime.folder()).join("wasmtime")
    }

    /// Makes it the first cargo that `command` finds.
    pub(crate) fn put_on_path(&self, cargo: Cargo, command: &mut Command) {
        let mut path: OsString = self.folder.join(cargo.folder()).into();
        path.push(":");
        path.push(env::var_os("PATH").unwrap_or_default());
        command.env("PATH", path);
    }
}

/// Says in cargo's format that the program that is asked for is at `path`.
fn builds(path: &str) -> String {
    let name = "while [ \"$1\" != --bin ]; do shift; done";
    let target = r#"\"target\":{\"name\":\"$2\"}"#;
    format!("{name}\necho \"{{{target},\\\"executable\\\":\\\"{path}\\\"}}\"")
}

impl Cargo {
    const fn folder(self) -> &'static str {
        match self {
            Self::Hangs => "hangs",
            Self::BuildsServer => "builds-server",
            Self::BuildsWhatHangs => "builds-what-hangs",
        }
    }
}

impl Wasmtime {
    const fn folder(self) -> &'static str {
        match self {
            Self::Hangs => "hangs",
            Self::Serves => "serves",
        }
    }
}
