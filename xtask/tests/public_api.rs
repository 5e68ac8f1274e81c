//! The public API of each library is the one that is recorded in its folder.
//!
//! To record a change: `WASIO_RECORD=1 cargo xtask test --only "public API"`. The change of the file
//! is then to be read: what is gone or has another signature breaks programs.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use public_api::Builder;

/// Marker traits that nobody writes down in a bound. `Send` and `Sync` are recorded.
const LEFT_OUT: [&str; 5] = [
    "core::marker::Freeze",
    "core::marker::Unpin",
    "core::marker::UnsafeUnpin",
    "core::panic::unwind_safe::RefUnwindSafe",
    "core::panic::unwind_safe::UnwindSafe",
];

/// What a library is documented for.
struct Platform {
    name: &'static str,
    target: &'static str,
    flags: &'static str,
}

const NATIVE: Platform = Platform {
    name: "Linux",
    target: "x86_64-unknown-linux-gnu",
    flags: "",
};
const WASI_01: Platform = Platform {
    name: "WASI 0.1",
    target: "wasm32-wasip1",
    flags: "",
};
const WASI_02: Platform = Platform {
    name: "WASI 0.2",
    target: "wasm32-wasip2",
    flags: "",
};
const WASI_03: Platform = Platform {
    name: "WASI 0.3",
    target: "wasm32-wasip2",
    flags: "--cfg wasio_backend=\"p3\"",
};

/// tokio asks for it on WASI.
const TOKIO_02: Platform = Platform {
    flags: "--cfg tokio_unstable",
    ..WASI_02
};

#[test]
#[ignore = "reads what rustdoc of Rust 1.95 writes: cargo xtask test --only \"public API\""]
fn wasio_has_the_api_that_is_recorded() {
    check("wasio", ".", &[NATIVE, WASI_01, WASI_02, WASI_03]);
}

#[test]
#[ignore = "reads what rustdoc of Rust 1.95 writes: cargo xtask test --only \"public API\""]
fn wasio_tokio_has_the_api_that_is_recorded() {
    check("wasio-tokio", "examples/tokio", &[NATIVE, TOKIO_02]);
}

fn check(package: &str, workspace: &str, platforms: &[Platform]) {
    let apis = platforms.iter().map(|platform| {
        let json = document(package, workspace, platform);
        (platform.name, items(&json))
    });
    let found = grouped(&apis.collect::<Vec<_>>());
    let record = repository().join(format!("crates/{package}/public-api.txt"));
    if env::var_os("WASIO_RECORD").is_some() {
        fs::write(&record, found).expect("write the record");
        return;
    }
    let recorded = fs::read_to_string(&record).unwrap_or_default();
    let differences = differences(&recorded, &found);
    assert!(
        differences.is_empty(),
        "the public API is not that of {} (-: recorded, +: found).\n\
         If that is wanted: WASIO_RECORD=1 cargo xtask test --only \"public API\"\n{}",
        record.display(),
        differences.join("\n")
    );
}

/// Has rustdoc write what it knows of a library, and returns where.
fn document(package: &str, workspace: &str, platform: &Platform) -> PathBuf {
    // Flags make another build of everything, and so does the variable for unstable options.
    let folder = repository().join("target/public-api");
    let folder = folder.join(platform.name.replace(' ', "-"));
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(repository().join(workspace))
        .args(["rustdoc", "--quiet", "--lib", "--all-features"])
        .args(["--package", package, "--target", platform.target])
        .args(["--", "-Z", "unstable-options", "--output-format", "json"])
        .env("CARGO_TARGET_DIR", &folder)
        .env("RUSTFLAGS", platform.flags)
        .env("RUSTDOCFLAGS", platform.flags)
        .env("RUSTC_BOOTSTRAP", "1")
        .status()
        .expect("start cargo");
    assert!(status.success(), "rustdoc fails for {}", platform.name);
    let file = format!("{}/doc/{}.json", platform.target, package.replace('-', "_"));
    folder.join(file)
}

/// The items of an API, a line each.
fn items(json: &Path) -> Vec<String> {
    let api = Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .build()
        .expect("read what rustdoc wrote");
    let lines = api.items().map(ToString::to_string);
    lines
        .filter(|line| !LEFT_OUT.iter().any(|name| line.contains(name)))
        .collect()
}

/// The items under the platforms that have them, in the order of the first such platform.
fn grouped(apis: &[(&str, Vec<String>)]) -> String {
    let mut platforms_of: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut in_order: Vec<&str> = Vec::new();
    for (platform, lines) in apis {
        for line in lines {
            let platforms = platforms_of.entry(line).or_default();
            if platforms.is_empty() {
                in_order.push(line);
            }
            // Some lines are there twice: implementations for types whose names are private.
            if platforms.last() != Some(platform) {
                platforms.push(platform);
            }
        }
    }
    let mut groups: Vec<_> = platforms_of.values().collect();
    groups.sort_by_key(|platforms| (Reverse(platforms.len()), *platforms));
    groups.dedup();
    let group = |platforms: &Vec<&str>| {
        let of_group = |line: &&&str| platforms_of[**line] == *platforms;
        let lines: Vec<_> = in_order.iter().filter(of_group).copied().collect();
        format!("# {}\n\n{}\n", platforms.join(", "), lines.join("\n"))
    };
    groups.into_iter().map(group).collect::<Vec<_>>().join("\n")
}

/// The lines that only one of them has.
fn differences(recorded: &str, found: &str) -> Vec<String> {
    let missing = |from: &str, sign: char, of: &str| -> Vec<String> {
        let lines = of
            .lines()
            .filter(|line| !from.lines().any(|one| one == *line));
        lines.map(|line| format!("{sign} {line}")).collect()
    };
    let mut all = missing(found, '-', recorded);
    all.extend(missing(recorded, '+', found));
    if all.is_empty() && recorded != found {
        all.push("the same lines, for other platforms or in another order".to_owned());
    }
    all
}

fn repository() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().expect("it is in a folder").to_owned()
}

#[test]
fn an_item_stands_once_under_the_platforms_that_have_it() {
    let apis = [
        ("A", vec!["one".to_owned(), "two".to_owned()]),
        ("B", vec!["two".to_owned(), "two".to_owned()]),
    ];
    assert_eq!(grouped(&apis), "# A, B\n\ntwo\n\n# A\n\none\n");
}

#[test]
fn what_is_gone_what_is_new_and_what_has_moved_is_a_difference() {
    assert_eq!(differences("# A\na\nb\n", "# A\nb\nc\n"), ["- a", "+ c"]);
    assert_eq!(differences("# A\na\n# B\n", "# A\n# B\na\n").len(), 1);
    assert!(differences("# A\na\n", "# A\na\n").is_empty());
}
