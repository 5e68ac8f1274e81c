//! The workspace and the commands that are run in it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

/// Where this repository lies.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The repository that this program was built from.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = package
            .parent()
            .with_context(|| format!("{} has no parent folder", package.display()))?;
        Ok(Self {
            root: root.to_owned(),
        })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo at the root of the workspace, with `arguments` split at spaces.
    pub(crate) fn cargo(&self, arguments: &str) -> Command {
        self.command("cargo", arguments)
    }

    /// Cargo in a folder of the repository, where it finds that folder's configuration.
    pub(crate) fn cargo_in(&self, folder: &str, arguments: &str) -> Command {
        let mut command = self.cargo(arguments);
        command.current_dir(self.root.join(folder));
        command
    }

    /// `rustc` or `cargo` of another toolchain, which only rustup can find.
    pub(crate) fn of_toolchain(&self, toolchain: &str, arguments: &str) -> Command {
        self.command("rustup", &format!("run {toolchain} {arguments}"))
    }

    /// The compiler that is used.
    pub(crate) fn rustc(&self, arguments: &str) -> Command {
        self.command("rustc", arguments)
    }

    fn command(&self, program: impl AsRef<OsStr>, arguments: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.root)
            .args(arguments.split_whitespace())
            // See .cargo/config.toml: a backtrace for each would-block makes the
            // host twenty times slower.
            .env("RUST_BACKTRACE", "0")
            .env("RUST_LIB_BACKTRACE", "0");
        // The variables of this package. ring is built again where they differ, and with it the
        // host: the tests, which call cargo too, leave theirs out as well.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        command
    }
}
