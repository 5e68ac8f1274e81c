//! Follows the section "tokio" as a newcomer would, in a crate outside the workspace.
//! The path of the checkout is replaced by that of this one.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, process};

use crate::connect;
use crate::process::{Server, host, share_machine};

const HEADING: &str = "## tokio\n";
/// Where the section says that the checkout is.
const CHECKOUT: &str = "../wasio/";

#[test]
fn the_section_builds_outside_the_workspace_and_serves() {
    let _machine = share_machine();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(2).unwrap();
    let section = section(&here.join("README.md")).unwrap();
    // If the README of the repository has this part too, it must be the same.
    if let Some(other) = self::section(&root.join("README.md")) {
        assert_eq!(section, other);
    }
    assert!(lines(&section) <= 15);

    let folder = Folder::new();
    folder.write("Cargo.toml", &manifest(&section, root));
    folder.write("src/main.rs", &program(&section));
    // Use the versions that are already fetched and built.
    fs::copy(here.join("Cargo.lock"), folder.0.join("Cargo.lock")).unwrap();
    let commands = block(&section, "sh");
    let (build, run) = commands.trim_end().split_once('\n').unwrap();
    let built = Command::new("sh")
        .args(["-c", build])
        .current_dir(&folder.0)
        .env("CARGO_TARGET_DIR", root.join("target/tokio"))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{errors}");

    let server = Server::spawn(Command::new("sh").args(["-c", &here_and_now(run, root)]));
    let mut text = String::new();
    connect(server.address).read_to_string(&mut text).unwrap();
    assert_eq!(text, "served");
    server.finish();
}

/// Returns the text between this heading and the next.
fn section(readme: &Path) -> Option<String> {
    let text = fs::read_to_string(readme).unwrap();
    let (_, section) = text.split_once(HEADING)?;
    let end = section.find("\n## ").unwrap_or(section.len());
    Some(section[..end].trim().to_owned())
}

fn lines(section: &str) -> usize {
    let lines = section.lines();
    lines.filter(|line| !line.starts_with("```")).count()
}

fn block(section: &str, language: &str) -> String {
    let start = format!("```{language}\n");
    let (_, block) = section.split_once(&start).unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

fn manifest(section: &str, root: &Path) -> String {
    let package = "[package]\nname = \"server\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n";
    let dependencies = block(section, "toml");
    assert_eq!(dependencies.matches(CHECKOUT).count(), 2);
    let here = format!("{}/", root.display());
    let manifest = package.to_owned() + &dependencies.replace(CHECKOUT, &here);
    manifest + "\n[profile.release]\npanic = \"abort\"\n"
}

fn program(section: &str) -> String {
    let listening = block(section, "rs");
    format!(
        "#[tokio::main(flavor = \"current_thread\")]\n\
         async fn main() -> std::io::Result<()> {{\n\
         {listening}\n\
         let (mut stream, _) = listener.accept().await?;\n\
         tokio::io::AsyncWriteExt::write_all(&mut stream, b\"served\").await\n\
         }}\n"
    )
}

/// Returns the command with the paths of this machine, and any free port.
fn here_and_now(run: &str, root: &Path) -> String {
    let target = root.join("target/tokio");
    let run = run.strip_prefix("wasio-host ").unwrap();
    assert!(run.contains(":8080 target/"), "{run}");
    let run = run.replace(":8080", ":0");
    let run = run.replace(" target/", &format!(" {}/", target.display()));
    // `exec` replaces the shell, so that killing the child kills the server.
    format!("exec {} {run}", host().display())
}

/// A temporary folder. It is removed on drop.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = env::temp_dir().join(format!("wasio-readme-{}", process::id()));
        fs::create_dir_all(folder.join("src")).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
