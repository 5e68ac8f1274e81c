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

/// What programs are built for.
#[derive(Clone, Copy)]
struct Platform<'a> {
    target: &'a str,
    /// What the programs for this platform alone need: of this package, and of the examples.
    guest_features: &'a [&'a str],
    example_features: &'a [&'a str],
    /// Flags of the compiler, for which there is a folder of its own.
    flags: Option<(&'a str, &'a str)>,
}

const PLATFORMS: [Platform<'_>; 4] = [
    Platform::new("wasm32-wasip1", &["--features", "p1"], &[]),
    Platform::new("wasm32-wasip1-threads", &["--features", "p1"], &[]),
    Platform::new(
        "wasm32-wasip2",
        &["--features", "p2"],
        &["--features", "p2"],
    ),
    // WASI 0.3, until its own target is in stable Rust.
    Platform {
        flags: Some(("p3", "--cfg wasio_backend=\"p3\"")),
        ..Platform::new("wasm32-wasip2", &["--features", "p3"], &[])
    },
];

impl<'a> Platform<'a> {
    const fn new(
        target: &'a str,
        guest_features: &'a [&'a str],
        example_features: &'a [&'a str],
    ) -> Self {
        Self {
            target,
            guest_features,
            example_features,
            flags: None,
        }
    }

    /// Where its programs are built.
    fn folder(&self, target_dir: &Path) -> PathBuf {
        match self.flags {
            Some((name, _)) => target_dir.join(name),
            None => target_dir.to_path_buf(),
        }
    }
}

/// What a guest's name may start with: it says which hosts it runs on, see
/// `tests/guests/harness/hosts.rs`.
const PREFIXES: [&str; 7] = ["any", "net", "node", "p1", "p2", "p3", "threads"];

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
        "wit",
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
    let native = env::var("HOST")?;
    for platform in PLATFORMS {
        require(platform.target)?;
        let folder = platform.folder(&target_dir);
        let features = platform.guest_features;
        let built = build(&package, "wasio-guests", platform, features, &folder)?;
        remove_others(&guests, &built, &folder.join(platform.target).join(PROFILE))?;
        let features = platform.example_features;
        build(&package, "wasio-examples", platform, features, &folder)?;
    }
    let here = Platform::new(&native, &[], &[]);
    build(&package, "wasio-examples", here, &[], &target_dir)?;
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
    Err(format!("The target {target} is not installed. Run: rustup target add {target}").into())
}

/// Builds the programs of a package. Returns what cargo says about that, as JSON.
fn build(
    package: &Path,
    name: &str,
    platform: Platform<'_>,
    options: &[&str],
    target_dir: &Path,
) -> Result<String> {
    let target = platform.target;
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
    if let Some((_, flags)) = platform.flags {
        command.env("RUSTFLAGS", flags);
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
