//! What `cargo xtask test` does, in order. To add a step, add a line.

mod lints;
mod one_host;
mod publish;
mod tokio;

use std::path::Path;
use std::process::Command;

use crate::cargo::Workspace;
use crate::test::step::Step;
use crate::{hosts, run, tidy};

/// The WASI targets, with the arguments that choose what wasio is built with.
const WASI_TARGETS: [&str; 3] = ["wasm32-wasip1", "wasm32-wasip1-threads", "wasm32-wasip2"];
const WASIO_FEATURES: [&str; 3] = ["", "--no-default-features", "--all-features"];
/// What the benches compare with: a workspace of its own, with its configuration beside it.
const PEERS: &str = "benches/peers";
/// What runs on the drop-in mio: a workspace of its own, with its configuration beside it.
const TOKIO: &str = "examples/tokio";
/// The systems that nothing runs on here.
pub(crate) const SYSTEMS: [&str; 2] = ["x86_64-pc-windows-gnu", "aarch64-apple-darwin"];
/// The fuzzer of the model of wasio's tests: a workspace of its own, with its configuration beside it.
const FUZZER: &str = "crates/wasio/fuzz";
const DENY: &str = "-- -D warnings";

pub(crate) fn all(workspace: &Workspace) -> Vec<Step> {
    let mut steps = formatting(workspace);
    steps.push(Step::inside("tidy", {
        let root = workspace.root().to_owned();
        move || tidy::findings(&root)
    }));
    steps.push(Step::inside("the host is built once", {
        let workspace = workspace.clone();
        move || one_host::findings(&workspace)
    }));
    steps.extend(lints::all(workspace));
    steps.push(oldest_rust(workspace));
    steps.extend(other_systems(workspace));
    steps.extend(documentation(workspace));
    steps.extend(publish::steps(workspace));
    steps.extend(tests(workspace));
    steps.push(scale(workspace));
    steps.push(lines_of_readme(workspace));
    steps.extend(tokio::tests(workspace));
    steps.extend(examples_of_documents(workspace));
    steps.extend(tests_of_drop_in(workspace));
    steps.extend(chaos(workspace));
    steps.push(loom(workspace));
    steps.push(miri(workspace));
    steps.push(fuzzer(workspace));
    steps
}

fn formatting(workspace: &Workspace) -> Vec<Step> {
    vec![
        Step::check("format", workspace.cargo("fmt --all --check")),
        Step::check("format, peers", workspace.cargo_in(PEERS, "fmt --check")),
        Step::check(
            "format, programs on the drop-in",
            workspace.cargo_in(TOKIO, "fmt --check"),
        ),
        Step::check(
            "format, the fuzzer",
            workspace.cargo_in(FUZZER, "fmt --check"),
        ),
    ]
}

/// WASI 0.3 is a flag to the compiler until its target is in stable Rust. Another flag is another build
/// of everything, so it lies in a folder of its own.
fn for_03(workspace: &Workspace, mut cargo: Command) -> Command {
    cargo
        .env("RUSTFLAGS", "--cfg wasio_backend=\"p3\"")
        .env("CARGO_TARGET_DIR", workspace.root().join("target/p3"));
    cargo
}

fn documentation(workspace: &Workspace) -> Vec<Step> {
    let rustdoc_in = |folder: &str, title: &str, arguments: &str| {
        let arguments = format!("doc --quiet --no-deps --lib {arguments}");
        let mut command = workspace.cargo_in(folder, &arguments);
        command.env("RUSTDOCFLAGS", "-D warnings");
        Step::check(title, command)
    };
    let rustdoc = |title: &str, arguments: &str| rustdoc_in(".", title, arguments);
    vec![
        rustdoc("documentation, native", "--workspace"),
        rustdoc_in(
            TOKIO,
            "documentation, wasio-tokio, wasm32-wasip2",
            "--package wasio-tokio --all-features --target wasm32-wasip2",
        ),
        rustdoc(
            "documentation, wasio, wasm32-wasip1",
            "--package wasio --target wasm32-wasip1",
        ),
        rustdoc(
            "documentation, wasio, wasm32-wasip2",
            "--package wasio --package wasio-bindings --package wasio-realloc \
             --features wasio/task --target wasm32-wasip2",
        ),
    ]
}

/// The packages of the native tests, of those of the guests, and of the chaos run.
const NATIVE: &str = "--workspace --exclude wasio-guests";
const GUESTS: &str = "--package wasio-guests --lib --test guests";
const CHAOS: &str = "--bins --package wasio-host --package wasio-chaos";

/// The same random programs each time: what this says of a change is not for chance to decide.
const SEED_OF_PROPTEST: (&str, &str) = ("PROPTEST_RNG_SEED", "7");

fn tests(workspace: &Workspace) -> Vec<Step> {
    let tests = |title: &str, arguments: &str| {
        let mut command = workspace.cargo(&format!("test --no-fail-fast {arguments}"));
        let (variable, seed) = SEED_OF_PROPTEST;
        if std::env::var_os(variable).is_none() {
            command.env(variable, seed);
        }
        Step::tests(title, command)
    };
    vec![
        tests(
            "tests, native: units, properties, examples, documents",
            NATIVE,
        ),
        tests(
            "tests, native, wasio without default features",
            "--package wasio --no-default-features --lib --tests",
        ),
        tests(
            "tests, native, wasio with tasks",
            "--package wasio --all-features --test task",
        ),
        tests(
            "tests, native, examples in documents of tasks",
            "--package wasio --all-features --doc task",
        ),
        tests("tests, guests on every host", GUESTS),
        tests(
            "tests, the drop-in, all of its features",
            "--package mio --all-features",
        ),
    ]
}

/// What operations cost beside a million sources, in instructions: `wasio-host` counts them, and the
/// scripted host of WASI 0.3 is a part of the guest.
fn scale(workspace: &Workspace) -> Step {
    const TESTS: &str = "test --package wasio --lib --profile guest p3::tests::scale";
    // A failure ends the guest, and what libtest has captured is lost with it.
    let options = ["--fuel", "--env", "RUST_TEST_NOCAPTURE=1"];
    let command = on_host_with(&options, workspace, ".", "wasm32-wasip1", TESTS);
    let title = "tests, a million sources of WASI 0.3, instructions counted";
    Step::tests(title, command).after(the_host(workspace))
}

/// The command lines of the README that start wasmtime. Those of `wasio-host` are among the native
/// tests.
fn lines_of_readme(workspace: &Workspace) -> Step {
    let title = "tests, the README's command lines of wasmtime";
    let hosts = ["wasmtime46", "wasmtime49"];
    if hosts
        .iter()
        .any(|host| !hosts::is_installed(workspace, host))
    {
        let remedy = "not installed: cargo xtask hosts install wasmtime46 wasmtime49";
        return Step::skipped(title, remedy);
    }
    let tests = "test --package wasio-host --test readme -- --ignored";
    Step::tests(title, workspace.cargo(tests))
}

/// The examples in the documentation of wasio, on every target of WASI, and of wasio-tokio on 0.2.
fn examples_of_documents(workspace: &Workspace) -> Vec<Step> {
    let step = |target| {
        let title = format!("tests, examples in documents, {target}");
        let arguments = "test --package wasio --all-features --doc";
        let command = on_host(workspace, ".", target, arguments);
        Step::tests(&title, command).after(the_host(workspace))
    };
    let of_tokio = on_host(
        workspace,
        TOKIO,
        "wasm32-wasip2",
        "test --package wasio-tokio --all-features --doc",
    );
    let mut steps: Vec<_> = WASI_TARGETS.into_iter().map(step).collect();
    let title = "tests, examples in documents of wasio-tokio, wasm32-wasip2";
    steps.push(Step::tests(title, of_tokio).after(the_host(workspace)));
    steps
}

/// The drop-in on every target of WASI, and on 0.3.
fn tests_of_drop_in(workspace: &Workspace) -> Vec<Step> {
    const TESTS: &str = "test --no-fail-fast --package mio --all-features --test api --test more";
    let step = |target| {
        let title = format!("tests, the drop-in, {target}");
        let mut command = on_host(workspace, ".", target, TESTS);
        if target.ends_with("-threads") {
            command.args(["--", "--include-ignored"]);
        }
        Step::tests(&title, command).after(the_host(workspace))
    };
    let mut steps: Vec<Step> = WASI_TARGETS.map(step).into();
    let command = on_host(workspace, ".", "wasm32-wasip2", TESTS);
    let step = Step::tests("tests, the drop-in, WASI 0.3", for_03(workspace, command));
    steps.push(step.after(the_host(workspace)));
    steps
}

/// Builds `wasio-host`.
fn the_host(workspace: &Workspace) -> Command {
    workspace.cargo("build --quiet --package wasio-host --bins")
}

/// Cargo for a target of WASI, with `wasio-host` as its runner, as for a user. That is beside this
/// program.
fn on_host(workspace: &Workspace, folder: &str, target: &str, arguments: &str) -> Command {
    let options = match target {
        "wasm32-wasip2" => &[][..],
        _ => &["--listen", "127.0.0.1:0"],
    };
    on_host_with(options, workspace, folder, target, arguments)
}

/// The same, with these options of `wasio-host run`.
fn on_host_with(
    options: &[&str],
    workspace: &Workspace,
    folder: &str,
    target: &str,
    arguments: &str,
) -> Command {
    let host = run::built("wasio-host").unwrap_or_else(|_| "wasio-host".into());
    let options: String = options.iter().map(|one| format!(", {one:?}")).collect();
    let runner = format!("target.{target}.runner = [{host:?}, \"run\"{options}]");
    let mut command = workspace.cargo_in(folder, arguments);
    command.args(["--target", target, "--config", &runner]);
    command
}

/// A minute of faults on all backends at the same time: their quiet times coincide.
fn chaos(workspace: &Workspace) -> Vec<Step> {
    let title = "chaos, a minute on each backend";
    if !cfg!(target_os = "linux") {
        return vec![Step::skipped(
            title,
            "it stops and limits processes as Linux can",
        )];
    }
    let run = "run --quiet --package wasio-chaos --bin chaos -- --seconds 60 --seed 7";
    let build = workspace.cargo(&format!("build --quiet {CHAOS}"));
    vec![Step::check(title, workspace.cargo(run)).after(build)]
}

/// Loom replaces the atomics of the crate by a flag to the compiler, so this
/// build lies in a folder of its own.
fn loom(workspace: &Workspace) -> Step {
    let title = "loom: the waker's states under every order of threads";
    let manifest = workspace.root().join("crates/wasio/Cargo.toml");
    if !std::fs::read_to_string(manifest).is_ok_and(|text| text.contains("loom")) {
        return Step::skipped(title, "crates/wasio does not depend on loom");
    }
    let mut command = workspace.cargo("test --package wasio --lib loom");
    command
        .env("RUSTFLAGS", "--cfg loom")
        .env("CARGO_TARGET_DIR", workspace.root().join("target/loom"));
    Step::tests(title, command)
}

fn miri(workspace: &Workspace) -> Step {
    let title = "miri: the portable core";
    if let Some(reason) = no_miri(workspace) {
        return Step::skipped(title, reason);
    }
    let mut command = workspace.of_toolchain(
        "nightly",
        "cargo miri test --package wasio --no-default-features --lib -- portable:: --skip traffic",
    );
    // Proptest asks for the current folder.
    command.env("MIRIFLAGS", "-Zmiri-disable-isolation");
    // Miri is a hundred times slower: fewer and shorter cases find the same kind of fault.
    command.env("PROPTEST_CASES", "3");
    Step::tests(title, command)
}

/// Why Miri cannot run. Without the library's source it would install that
/// itself, unasked, since its question finds no one at the terminal.
fn no_miri(workspace: &Workspace) -> Option<&'static str> {
    if said(workspace.of_toolchain("nightly", "cargo miri --version")).is_none() {
        return Some("no nightly with Miri: rustup toolchain install nightly -c miri -c rust-src");
    }
    let sysroot = said(workspace.of_toolchain("nightly", "rustc --print sysroot"))?;
    let source = Path::new(&sysroot).join("lib/rustlib/src/rust/library");
    let remedy = "no source of the library: rustup component add rust-src --toolchain nightly";
    (!source.is_dir()).then_some(remedy)
}

/// The model of the tests for a minute, on programs that a fuzzer makes. No unsafe code runs, so no
/// sanitizer.
fn fuzzer(workspace: &Workspace) -> Step {
    let title = "fuzzer: the model on scripted hosts, for a minute";
    if said(workspace.of_toolchain("nightly", "cargo fuzz --version")).is_none() {
        let remedy = "no nightly with cargo-fuzz: rustup toolchain install nightly, and \
                      cargo install cargo-fuzz";
        return Step::skipped(title, remedy);
    }
    const RUN: &str = "cargo fuzz run --sanitizer none model -- -max_total_time=60";
    let mut command = workspace.of_toolchain("nightly", RUN);
    command.current_dir(workspace.root().join(FUZZER));
    Step::check(title, command)
}

/// What a command prints, if it succeeds.
fn said(mut command: Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// What is built for [`SYSTEMS`] is type-checked.
fn other_systems(workspace: &Workspace) -> Vec<Step> {
    let mut listed = Command::new("rustup");
    listed.args(["target", "list", "--installed"]);
    let installed = said(listed).unwrap_or_default();
    let steps = SYSTEMS.map(|system| {
        let check = |title: &str, arguments: &str| {
            let title = format!("{title}, {system}");
            if installed.lines().all(|one| one != system) {
                let remedy = format!("its target is not installed: rustup target add {system}");
                return Step::skipped(&title, &remedy);
            }
            let arguments = arguments.replace("SYSTEM", system);
            Step::check(&title, workspace.cargo(&arguments))
        };
        [
            check(
                "lints, the libraries",
                "clippy --quiet --package wasio --package mio --lib --target SYSTEM \
                 --features mio/net,mio/os-poll,wasio/log -- -D warnings",
            ),
            check(
                "types, the tests of wasio",
                "check --quiet --package wasio --tests --target SYSTEM",
            ),
        ]
    });
    steps.into_iter().flatten().collect()
}

/// What the `rust-version` of the manifest promises to users of the libraries.
fn oldest_rust(workspace: &Workspace) -> Step {
    const OLDEST: &str = env!("CARGO_PKG_RUST_VERSION");
    const CHECK: &str = "check --quiet --package wasio --package mio";
    let title = format!("the libraries on the oldest Rust, {OLDEST}");
    let is_oldest = |version: String| version.starts_with(&format!("rustc {OLDEST}."));
    if said(workspace.rustc("--version")).is_some_and(is_oldest) {
        return Step::check(&title, workspace.cargo(CHECK));
    }
    if said(workspace.of_toolchain(OLDEST, "rustc --version")).is_none() {
        let remedy = format!("it is not installed: rustup toolchain install {OLDEST}");
        return Step::skipped(&title, &remedy);
    }
    let mut command = workspace.of_toolchain(OLDEST, &format!("cargo {CHECK}"));
    // Its own, as the other compiler would build all anew.
    command.env("CARGO_TARGET_DIR", workspace.root().join("target/oldest"));
    Step::check(&title, command)
}
