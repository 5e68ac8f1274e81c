//! Programs that are built with Cargo.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::process::Process;

/// One program to build, in a workspace of this repository.
#[derive(Clone, Copy, Debug)]
pub struct Artifact {
    /// The checkout of this repository that it is built from; `None` is the one of the bench.
    pub checkout: Option<&'static Path>,
    /// The folder of its workspace, relative to the checkout. Cargo runs in
    /// it, since what is configured there counts only then.
    pub workspace: &'static str,
    /// The package.
    pub package: &'static str,
    /// The program in it.
    pub program: &'static str,
    /// The target. `None` is this machine.
    pub target: Option<&'static str>,
    /// The Cargo profile.
    pub profile: &'static str,
    /// Flags of the compiler, which make another build of everything.
    pub flags: Option<Flags>,
}

/// Flags of the compiler, and where what they make lies.
#[derive(Clone, Copy, Debug)]
pub struct Flags {
    /// The flags, with spaces between.
    pub flags: &'static str,
    /// The target folder, relative to the workspace.
    pub target_dir: &'static str,
}

impl Artifact {
    /// Builds it, and returns its path.
    ///
    /// # Errors
    /// Cargo cannot be started, or fails. Its messages are on stderr.
    pub fn build(&self) -> anyhow::Result<PathBuf> {
        let what = format!("{} of {}", self.program, self.package);
        let (cargo, output) = Process::spawn(&mut self.command())
            .with_context(|| format!("cannot start cargo to build {what}"))?;
        let output = output.context("cargo has no output")?;
        let mut built = None;
        for line in BufReader::new(output).lines() {
            built = self.path_in(&line?).or(built);
        }
        ensure!(cargo.wait()?.success(), "cargo could not build {what}");
        built.with_context(|| format!("cargo built no program {what}"))
    }

    /// Parses the path of the program from a line of Cargo's output.
    fn path_in(&self, message: &str) -> Option<PathBuf> {
        let message: Value = serde_json::from_str(message).ok()?;
        let is_ours = message["target"]["name"] == self.program;
        let path = message["executable"].as_str().filter(|_| is_ours)?;
        Some(path.into())
    }

    fn command(&self) -> Command {
        let checkout = self.checkout.map_or_else(repository, Path::to_owned);
        let mut command = Command::new("cargo");
        command
            .current_dir(checkout.join(self.workspace))
            .args(["build", "--profile", self.profile])
            .args(["--package", self.package, "--bin", self.program])
            .arg("--message-format=json-render-diagnostics")
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        if let Some(target) = self.target {
            command.args(["--target", target]);
        }
        if let Some(Flags { flags, target_dir }) = self.flags {
            command
                .env("RUSTFLAGS", flags)
                .args(["--target-dir", target_dir]);
        }
        command
    }
}

/// Returns the folder of this repository.
#[must_use]
pub fn repository() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ECHO: Artifact = Artifact {
        checkout: None,
        workspace: "",
        package: "some-package",
        program: "echo",
        target: None,
        profile: "release",
        flags: None,
    };

    #[test]
    fn cargo_runs_in_the_checkout_of_the_program() {
        let folder = |artifact: Artifact| artifact.command().get_current_dir().map(Path::to_owned);
        assert_eq!(folder(ECHO), Some(repository().join("")));
        let workspace = "benches/peers";
        let elsewhere = Artifact {
            checkout: Some(Path::new("/elsewhere")),
            workspace,
            ..ECHO
        };
        assert_eq!(folder(elsewhere), Some("/elsewhere/benches/peers".into()));
    }

    #[test]
    fn the_path_is_that_of_the_program_asked_for() {
        let line = |name, path| {
            format!(r#"{{"reason":"x","target":{{"name":"{name}"}},"executable":{path}}}"#)
        };
        assert_eq!(
            ECHO.path_in(&line("echo", "\"/a/echo\"")),
            Some("/a/echo".into())
        );
        assert_eq!(ECHO.path_in(&line("other", "\"/a/other\"")), None);
        assert_eq!(ECHO.path_in(&line("echo", "null")), None);
        assert_eq!(ECHO.path_in("no JSON"), None);
    }
}
