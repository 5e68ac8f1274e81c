//! Builds the guest programs for the WASI targets, and lists them for the
//! tests. Nothing of that happens when this package itself is built for wasm,
//! which is what the inner builds do.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The targets, and the features of this package that their guests need.
const TARGETS: [(&str, &str); 3] = [
    ("wasm32-wasip1", "p1"),
    ("wasm32-wasip1-threads", "p1"),
    ("wasm32-wasip2", "p2"),
];

/// The targets that the examples are tested on, besides this machine, and the
/// features that they have there.
const EXAMPLE_TARGETS: [(&str, &[&str]); 3] = [
    ("wasm32-wasip1", &[]),
    ("wasm32-wasip1-threads", &[]),
    ("wasm32-wasip2", &["--features", "p2"]),
];

/// What a guest's name may start with: it says which hosts it runs on, see
/// `tests/guests/harness/hosts.rs`.
const PREFIXES: [&str; 6] = ["any", "net", "node", "p1", "p2", "threads"];

/// The profile of the guests: as `release`, but built faster.
const PROFILE: &str = "guest";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "wasm") {
        return;
    }
    if let Err(error) = run() {
        eprintln!("{error}");
        process::exit(1);
    }
}

fn run() -> Result<()> {
    let package = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    for path in [
        "src",
        "Cargo.toml",
        "../wasio/src",
        "../wasio/Cargo.toml",
        "../../Cargo.toml",
        "../../examples/src",
        "../../examples/Cargo.toml",
    ] {
        println!("cargo::rerun-if-changed={path}");
    }
    let guests = list(&package.join("src/bin"))?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    // `target/guests`, from `target/PROFILE/build/PACKAGE/out`: the builds for
    // check, clippy and test share it.
    let target_dir = out.ancestors().nth(4).unwrap_or(&out).join("guests");
    for (target, features) in TARGETS {
        require(target)?;
        let features = ["--features", features];
        let built = build(&package, "wasio-guests", target, &features, &target_dir)?;
        remove_others(&guests, &built, &target_dir.join(target).join(PROFILE))?;
    }
    let native = env::var("HOST")?;
    for (target, features) in EXAMPLE_TARGETS
        .into_iter()
        .chain([(native.as_str(), &[][..])])
    {
        build(&package, "wasio-examples", target, features, &target_dir)?;
    }
    let examples = programs(&package.join("../../examples/src/bin"))?;
    let index = index(&guests, &examples, &native, &target_dir)?;
    fs::write(out.join("guests.rs"), index)?;
    Ok(())
}

/// The names of the guests, sorted.
fn list(folder: &Path) -> Result<Vec<String>> {
    let guests = programs(folder)?;
    match guests.iter().find(|name| prefix(name).is_none()) {
        None => Ok(guests),
        Some(name) => Err(format!(
            "The guest {name} does not say where it runs: its name must start with one of {PREFIXES:?} and an underscore."
        )
        .into()),
    }
}

/// The names of the programs in a folder, sorted.
fn programs(folder: &Path) -> Result<Vec<String>> {
    let mut programs = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.file_stem().unwrap_or_default();
            programs.push(name.to_string_lossy().into_owned());
        }
    }
    programs.sort();
    Ok(programs)
}

fn prefix(name: &str) -> Option<&str> {
    let (prefix, _) = name.split_once('_')?;
    PREFIXES.contains(&prefix).then_some(prefix)
}

/// Fails with the remedy when a target is not installed.
fn require(target: &str) -> Result<()> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", target])
        .output()?;
    let folder = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    let targets = TARGETS.map(|(target, _)| target).join(" ");
    Err(format!("The target {target} is not installed. Run: rustup target add {targets}").into())
}

/// Builds the programs of a package. Returns what cargo says about that, as JSON.
fn build(
    package: &Path,
    name: &str,
    target: &str,
    options: &[&str],
    target_dir: &Path,
) -> Result<String> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(package)
        .args(["build", "--quiet", "--bins", "--package", name])
        .args(["--message-format", "json-render-diagnostics"])
        .args(["--profile", PROFILE, "--target", target])
        .args(options)
        .arg("--target-dir")
        .arg(target_dir);
    // What the outer cargo says about the native build must not reach the inner
    // one: flags, wrappers (clippy), profiles, and the jobserver's.
    for (name, _) in env::vars_os() {
        if is_of_outer_build(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
    let output = command.output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("{name} does not build for {target}:\n{errors}").into())
}

/// Removes the guests that cargo did not build, as an earlier build may have left them in `folder`:
/// their tests have to fail.
fn remove_others(guests: &[String], built: &str, folder: &Path) -> Result<()> {
    for name in guests {
        let program = folder.join(name).with_extension("wasm");
        if !built.contains(&format!("\"name\":\"{name}\"")) && program.exists() {
            fs::remove_file(program)?;
        }
    }
    Ok(())
}

fn is_of_outer_build(name: &str) -> bool {
    const KEPT: [&str; 4] = ["CARGO_HOME", "CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTR"];
    const OTHERS: [&str; 11] = [
        "RUSTFLAGS",
        "RUSTDOCFLAGS",
        "RUSTC",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "TARGET",
        "HOST",
        "OPT_LEVEL",
        "PROFILE",
        "DEBUG",
        "MAKEFLAGS",
    ];
    let of_cargo = name.starts_with("CARGO") && !KEPT.iter().any(|kept| name.starts_with(kept));
    of_cargo || OTHERS.contains(&name)
}

/// The Rust file that the tests include.
fn index(
    guests: &[String],
    examples: &[String],
    native: &str,
    target_dir: &Path,
) -> Result<String> {
    let mut text = String::from(
        "/// Calls a macro with `name: prefix,` for each guest.\nmacro_rules! for_each_guest {\n    ($callback:ident) => {\n        $callback! {\n",
    );
    for name in guests {
        let prefix = prefix(name).unwrap_or_default();
        writeln!(text, "            {name}: {prefix},")?;
    }
    for name in examples {
        writeln!(text, "            {name}: example,")?;
    }
    text.push_str("        }\n    };\n}\n\n");
    writeln!(
        text,
        "/// The target of this machine.\npub(crate) const NATIVE: &str = {native:?};\n"
    )?;
    writeln!(
        text,
        "/// The folder of the guests that are built for `target`.\npub(crate) fn folder_of(target: &str) -> std::path::PathBuf {{"
    )?;
    writeln!(
        text,
        "    [{:?}, target, {PROFILE:?}].iter().collect()\n}}",
        target_dir.display().to_string()
    )?;
    Ok(text)
}
