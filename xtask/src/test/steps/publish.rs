//! What has to hold before the libraries are published.

mod features;
mod licences;
mod manifests;
mod oldest_dependencies;

use super::{DENY, TOKIO, said};
use crate::cargo::Workspace;
use crate::test::step::Step;

/// The packages that users get, and the folder that each is in. Those that others need come first.
const PUBLISHED: [(&str, &str); 4] = [
    ("wasio-realloc", "crates/realloc"),
    ("wasio-bindings", "crates/bindings"),
    ("wasio", "crates/wasio"),
    ("wasio-tokio", "crates/wasio-tokio"),
];

/// The Rust whose rustdoc writes what the test of the public API reads.
const RUSTDOC: &str = "1.95.";

/// A feature of its own, since its dependency has one of serde with which the host would be built
/// once more.
const PUBLIC_API: &str = "--package xtask --features public-api --test public_api";

pub(super) fn steps(workspace: &Workspace) -> Vec<Step> {
    let mut steps = vec![
        inside("packages: what the manifests say", workspace, |workspace| {
            manifests::findings(&workspace)
        }),
        Step::check("packages: built as users get them", built(workspace)),
        Step::check("packages: wasio-tokio is packed", packed(workspace)),
        Step::check(
            "lints, the test of the public API",
            workspace.cargo(&format!("clippy --quiet {PUBLIC_API} {DENY}")),
        ),
        public_api(workspace),
        inside(
            "licences and sources of all dependencies",
            workspace,
            |workspace| licences::findings(&workspace),
        ),
        inside(
            "the libraries with their oldest dependencies",
            workspace,
            |workspace| oldest_dependencies::findings(&workspace),
        ),
    ];
    steps.extend(features::steps(workspace));
    steps
}

fn inside(
    title: &str,
    workspace: &Workspace,
    work: fn(Workspace) -> anyhow::Result<Vec<String>>,
) -> Step {
    let workspace = workspace.clone();
    Step::inside(title, move || work(workspace))
}

/// What `cargo publish` would send, built from what is in the packages alone.
fn built(workspace: &Workspace) -> std::process::Command {
    let packages = PUBLISHED.iter().filter(|(name, _)| *name != "wasio-tokio");
    let packages: String = packages.map(|(name, _)| format!(" -p {name}")).collect();
    workspace.cargo(&format!(
        "publish --dry-run --quiet --allow-dirty{packages}"
    ))
}

/// It is in another workspace than wasio, so that it can be built as a package only when wasio is
/// published.
fn packed(workspace: &Workspace) -> std::process::Command {
    let arguments = "package --no-verify --exclude-lockfile --quiet --allow-dirty -p wasio-tokio";
    workspace.cargo_in(TOKIO, arguments)
}

fn public_api(workspace: &Workspace) -> Step {
    let title = "tests, the public API is the recorded one";
    let is_known = said(workspace.rustc("--version"))
        .is_some_and(|version| version.starts_with(&format!("rustc {RUSTDOC}")));
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) || !is_known {
        let reason = format!("it reads what rustdoc of Rust {RUSTDOC}x writes, on Linux on x86-64");
        return Step::skipped(title, &reason);
    }
    let test = format!("test --quiet {PUBLIC_API} -- --include-ignored");
    Step::tests(title, workspace.cargo(&test))
}
