//! Follows the section "tokio" as a newcomer would, in a crate outside the workspace.
//! The path of the checkout is replaced by that of this one.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Command;

use crate::connect;
use crate::process::{Server, host, share_machine};
use crate::services::Folder;

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
    assert!(lines(&section) <= 15, "{}", lines(&section));

    let folder = Folder::new("readme");
    fs::create_dir(folder.path().join("src")).unwrap();
    folder.write("Cargo.toml", &manifest(&section, root));
    folder.write("src/main.rs", &program(&section));
    // Use the versions that are already fetched and built.
    fs::copy(here.join("Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
    let commands = block(&section, "sh");
    let (build, run) = commands.trim_end().split_once('\n').unwrap();
    let built = Command::new("sh")
        .args(["-c", build])
        .current_dir(folder.path())
        .env("CARGO_TARGET_DIR", root.join("target/tokio"))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{errors}");
    let lock = fs::read_to_string(folder.path().join("Cargo.lock")).unwrap();
    assert!(!lock.contains("[[patch.unused]]"), "{lock}");

    let server = Server::spawn(Command::new("sh").args(["-c", &with_paths(run, root)]));
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

/// Its input is empty.
fn program(section: &str) -> String {
    let code = block(section, "rs").replace(":8080", ":0");
    format!(
        "use tokio::io::{{AsyncBufReadExt, AsyncWriteExt, BufReader}};\n\
         #[tokio::main(flavor = \"current_thread\")]\n\
         async fn main() -> std::io::Result<()> {{\n\
         {code}\n\
         println!(\"listening {{}}\", listener.local_addr()?);\n\
         let (mut stream, _) = listener.accept().await?;\n\
         assert_eq!(lines.next_line().await?, None);\n\
         stream.write_all(b\"served\").await\n\
         }}\n"
    )
}

/// Returns the command with the paths of this machine.
fn with_paths(run: &str, root: &Path) -> String {
    let target = root.join("target/tokio");
    let run = run.strip_prefix("wasio-host ").unwrap();
    let run = run.replace(" target/", &format!(" {}/", target.display()));
    // `exec` replaces the shell, so that killing the child kills the server.
    format!("exec {} {run}", host().display())
}

/// What `crates/mio/README.md` says to look for where cargo does not use the patch: here nothing
/// depends on mio.
#[test]
fn a_patch_that_is_not_used_shows_in_the_lock_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap();
    let folder = Folder::new("unused");
    let package = "[package]\nname = \"server\"\nversion = \"0.0.0\"\nedition = \"2024\"\n";
    let mio = root.join("crates/mio");
    let patch = format!("[patch.crates-io]\nmio = {{ path = {mio:?} }}\n");
    fs::create_dir(folder.path().join("src")).unwrap();
    folder.write("Cargo.toml", &format!("{package}\n{patch}"));
    folder.write("src/main.rs", "fn main() {}\n");
    let output = Command::new(env!("CARGO"))
        .args(["generate-lockfile", "--offline"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert!(
        errors.contains("was not used in the crate graph"),
        "{errors}"
    );
    let lock = fs::read_to_string(folder.path().join("Cargo.lock")).unwrap();
    let (_, unused) = lock.split_once("[[patch.unused]]").expect("a section");
    assert!(unused.contains("name = \"mio\""), "{unused}");
    let readme = fs::read_to_string(mio.join("README.md")).unwrap();
    for sign in ["was not used in the crate graph", "[[patch.unused]]"] {
        assert!(readme.contains(sign), "{sign}");
    }
}
