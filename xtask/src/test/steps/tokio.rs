//! The steps of what stands on the drop-in mio, in a workspace of its own.

use super::{DENY, TOKIO};
use crate::cargo::Workspace;
use crate::test::step::Step;
use crate::{hosts, programs};

/// The programs on the drop-in, and the crate that they use.
pub(super) fn lints(workspace: &Workspace) -> Vec<Step> {
    let clippy = |title: &str, arguments: &str| {
        let arguments = format!("clippy --quiet {arguments} {DENY}");
        Step::check(title, workspace.cargo_in(TOKIO, &arguments))
    };
    vec![
        clippy(
            "lints, programs on the drop-in",
            "--workspace --all-targets",
        ),
        clippy(
            "lints, wasio-tokio, wasm32-wasip1",
            "--package wasio-tokio --lib --target wasm32-wasip1",
        ),
        clippy(
            "lints, wasio-tokio and the handler, wasm32-wasip2",
            "--package wasio-tokio --package wasio-tokio-handler --lib --target wasm32-wasip2 \
             --features wasio-tokio/connector",
        ),
    ]
}

/// What needs a program of others is ignored, with that reason, where one of them is missing.
pub(super) fn tests(workspace: &Workspace) -> Vec<Step> {
    let mut command = workspace.cargo_in(TOKIO, "test --workspace --no-fail-fast");
    if programs::of_tokio().all(programs::is_there) {
        command.args(["--", "--include-ignored", "--skip", "handler::"]);
    }
    let title = "tests, a handler of wasi:http on tokio";
    let handler = if hosts::is_installed(workspace, "wasmtime49") {
        // With all packages, as above: their features are the same, and nothing is built again.
        let tests = "test --workspace --test servers -- --include-ignored handler::";
        Step::tests(title, workspace.cargo_in(TOKIO, tests))
    } else {
        Step::skipped(title, "not installed: cargo xtask hosts install wasmtime49")
    };
    vec![
        Step::tests("tests, tokio, hyper and others on the drop-in", command),
        handler,
    ]
}
