//! Clippy on everything, for each target and with each set of features.

use super::{DENY, FUZZER, PEERS, WASI_TARGETS, WASIO_FEATURES, for_03, tokio};
use crate::cargo::Workspace;
use crate::test::step::Step;

pub(super) fn all(workspace: &Workspace) -> Vec<Step> {
    let clippy = |title: &str, arguments: &str| {
        let command = workspace.cargo(&format!("clippy --quiet {arguments} {DENY}"));
        Step::check(title, command)
    };
    let mut steps = vec![
        clippy("lints, native", "--workspace --all-targets"),
        clippy(
            "lints, native, wasio without default features",
            "--package wasio --all-targets --no-default-features",
        ),
        clippy(
            "lints, guests and examples, wasm32-wasip1",
            "--package wasio-guests --package wasio-examples --bins --features wasio-guests/p1 \
             --target wasm32-wasip1",
        ),
        clippy(
            "lints, guests and examples, wasm32-wasip2",
            "--package wasio-guests --package wasio-examples --bins \
             --features wasio-guests/p2,wasio-examples/p2 --target wasm32-wasip2",
        ),
        clippy(
            "lints, the drop-in, wasm32-wasip1",
            "--package mio --lib --test api --test more --all-features --target wasm32-wasip1",
        ),
        clippy(
            "lints, the drop-in, wasm32-wasip2",
            "--package mio --lib --test api --test more --all-features --target wasm32-wasip2",
        ),
        clippy(
            "lints, the drop-in, all of its features",
            "--package mio --all-features --all-targets",
        ),
        Step::check(
            "lints, the fuzzer",
            workspace.cargo_in(FUZZER, &format!("clippy --quiet {DENY}")),
        ),
    ];
    for target in WASI_TARGETS {
        for features in WASIO_FEATURES {
            steps.push(clippy(
                format!("lints, wasio, {target} {features}").trim_end(),
                &format!("--package wasio --lib --target {target} {features}"),
            ));
        }
    }
    steps.extend(without_wasmtime(workspace));
    steps.extend(tokio::lints(workspace));
    steps.extend(of_03(workspace));
    steps.extend(of_chaos(workspace));
    steps.push(of_scale(workspace));
    steps.extend(of_peers(workspace));
    steps
}

/// What is built in a fraction of the time, without the feature that runs guests.
fn without_wasmtime(workspace: &Workspace) -> [Step; 3] {
    let step = |(what, arguments)| {
        let arguments = format!("--all-targets --no-default-features --package {arguments}");
        let command = workspace.cargo(&format!("clippy --quiet {arguments} {DENY}"));
        Step::check(&format!("lints, native, {what} without wasmtime"), command)
    };
    [
        ("wasio-host", "wasio-host"),
        ("the demo", "wasio-bench"),
        ("the bench", "wasio-bench --features bench"),
    ]
    .map(step)
}

fn of_03(workspace: &Workspace) -> Vec<Step> {
    let clippy = |title: &str, arguments: &str| {
        let arguments = format!("clippy --quiet --target wasm32-wasip2 {arguments} {DENY}");
        let command = workspace.cargo(&arguments);
        Step::check(title, for_03(workspace, command))
    };
    let mut steps = vec![
        clippy(
            "lints, guests and examples, WASI 0.3",
            "--package wasio-guests --package wasio-examples --bins --features wasio-guests/p3",
        ),
        clippy(
            "lints, the drop-in, WASI 0.3",
            "--package mio --lib --test api --test more --all-features",
        ),
    ];
    for features in WASIO_FEATURES {
        steps.push(clippy(
            format!("lints, wasio, WASI 0.3 {features}").trim_end(),
            &format!("--package wasio --lib {features}"),
        ));
    }
    steps
}

/// The guests of chaos. The program that starts them is native.
fn of_chaos(workspace: &Workspace) -> Vec<Step> {
    let step = |target: &&str| {
        let arguments = "--package wasio-chaos --lib --bin chaos-server \
                         --bin chaos-faulty-server --bin chaos-client";
        let command = format!("clippy --quiet {arguments} --target {target} {DENY}");
        let title = format!("lints, guests of chaos, {target}");
        Step::check(&title, workspace.cargo(&command))
    };
    ["wasm32-wasip1", "wasm32-wasip2"]
        .iter()
        .map(step)
        .collect()
}

fn of_scale(workspace: &Workspace) -> Step {
    let arguments = "--package wasio --lib --profile test --target wasm32-wasip1";
    let command = workspace.cargo(&format!("clippy --quiet {arguments} {DENY}"));
    Step::check("lints, the test of a million sources", command)
}

fn of_peers(workspace: &Workspace) -> Vec<Step> {
    let clippy = |title: &str, arguments: &str| {
        let arguments = format!("clippy --quiet --no-deps {arguments} {DENY}");
        Step::check(title, workspace.cargo_in(PEERS, &arguments))
    };
    vec![
        clippy("lints, peers, native", "--all-targets"),
        clippy(
            "lints, peers, wasm32-wasip1",
            // mio has no waker there.
            "--workspace --exclude mio-measure --target wasm32-wasip1",
        ),
        clippy(
            "lints, peers, wasm32-wasip2",
            "--package mio-echo --package raw-p3-echo --package wasio-echo --package wasio-measure \
             --package wstd-echo --target wasm32-wasip2",
        ),
    ]
}
