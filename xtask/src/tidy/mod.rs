//! `cargo xtask tidy`: the rules of this repository that no compiler knows. The
//! rules look at strings, so that they are tested on strings; this module
//! walks the files and takes away the exceptions of `tidy.toml`.

mod documents;
mod exceptions;
mod fence;
mod functions;
mod imports;
mod markdown;
mod rust;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use walkdir::{DirEntry, WalkDir};

use crate::cargo::Workspace;
use exceptions::Exceptions;

/// The libraries whose files must not import from one another in a circle.
const WITHOUT_CIRCLES: [&str; 2] = ["crates/host/src", "crates/wasio/src"];

/// A rule, under the name `tidy.toml` uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// A function has at most 60 lines.
    FunctionLength,
    /// A file has at most 500 lines, in the library 400, its unit tests apart.
    FileLength,
    /// Files with unsafe code are listed.
    Unsafe,
    /// A function whose caller must promise something is an `unsafe fn`.
    UnsafeFn,
    /// The files of a library do not import from one another in a circle.
    ImportCircle,
    /// An `allow`, `expect` or `ignore` has its reason with it.
    Reason,
    /// A test that PLATFORM.md names exists.
    Platform,
    /// A measured figure in README.md comes from a file in benches/record.
    Readme,
    /// A line of markdown has at most 100 columns, tables and code blocks apart.
    LineWidth,
    /// A relative link of a markdown file leads to a file, a folder or a heading.
    Link,
    /// A file can be read as what it is.
    Readable,
}

impl Rule {
    fn name(self) -> &'static str {
        match self {
            Self::FunctionLength => "function-length",
            Self::FileLength => "file-length",
            Self::Unsafe => "unsafe",
            Self::UnsafeFn => "unsafe-fn",
            Self::ImportCircle => "import-circle",
            Self::Reason => "reason",
            Self::Platform => "platform",
            Self::Readme => "readme",
            Self::LineWidth => "line-width",
            Self::Link => "link",
            Self::Readable => "readable",
        }
    }
}

/// One place where a rule is broken.
#[derive(Debug)]
struct Finding {
    rule: Rule,
    /// What an exception names: the path, and for a function `path::name`.
    subject: String,
    line: usize,
    text: String,
}

impl Finding {
    fn new(rule: Rule, subject: impl Into<String>, line: usize, text: impl Into<String>) -> Self {
        Self {
            rule,
            subject: subject.into(),
            line,
            text: text.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.subject.split("::").next().unwrap_or_default();
        let rule = self.rule.name();
        write!(f, "{path}:{}: {} [{rule}]", self.line, self.text)
    }
}

/// Prints what it found; fails when that is anything.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    let findings = findings(workspace.root())?;
    for finding in &findings {
        println!("{finding}");
    }
    println!("{} findings", findings.len());
    Ok(ExitCode::from(u8::from(!findings.is_empty())))
}

/// Everything that breaks a rule, a sentence each.
pub(crate) fn findings(root: &Path) -> anyhow::Result<Vec<String>> {
    let sources = Sources::read(root)?;
    let mut findings = Vec::new();
    for (path, text) in &sources.rust {
        findings.extend(rust::check(path, text));
    }
    for library in WITHOUT_CIRCLES {
        findings.extend(import_circles(library, &sources.inside(library)));
    }
    let (records, tests) = (sources.records(), sources.tests());
    let mut document = |name: &str, check: &dyn Fn(&str) -> Vec<Finding>| {
        findings.extend(match sources.documents.get(name) {
            Some(text) => check(text),
            None => vec![documents::missing(name)],
        });
    };
    document("PLATFORM.md", &|text| documents::platform(text, &tests));
    document("README.md", &|text| documents::readme(text, &records));
    for (path, text) in sources.prose() {
        findings.extend(markdown::widths(path, text));
        findings.extend(markdown::links(path, text, &|path| sources.at(root, path)));
    }
    let listed = std::fs::read_to_string(root.join("xtask/tidy.toml"))
        .context("cannot read xtask/tidy.toml")?;
    Ok(Exceptions::parse(&listed)?.apply(findings))
}

/// An exception names the library and the circle: `library::a.rs -> b.rs`.
fn import_circles(library: &str, sources: &BTreeMap<&str, &str>) -> Vec<Finding> {
    let finding = |circle: Vec<String>| {
        let circle = circle.join(" -> ");
        let text = format!("imports in a circle: {circle}");
        Finding::new(Rule::ImportCircle, format!("{library}::{circle}"), 1, text)
    };
    imports::circles(sources).into_iter().map(finding).collect()
}

/// The files that the rules are about, by their path with `/`.
struct Sources {
    rust: BTreeMap<String, String>,
    documents: BTreeMap<String, String>,
}

impl Sources {
    fn read(root: &Path) -> anyhow::Result<Self> {
        let mut sources = Self {
            rust: BTreeMap::new(),
            documents: BTreeMap::new(),
        };
        for entry in WalkDir::new(root).into_iter().filter_entry(is_ours) {
            let entry = entry?;
            let kind = entry.path().extension().and_then(|kind| kind.to_str());
            let files = match kind {
                Some("rs") => &mut sources.rust,
                Some("md" | "svg" | "csv") => &mut sources.documents,
                _ => continue,
            };
            let text = std::fs::read_to_string(entry.path())
                .with_context(|| format!("cannot read {}", entry.path().display()))?;
            files.insert(relative(root, entry.path()), text);
        }
        Ok(sources)
    }

    /// The Rust files in `folder`, by their path in it.
    fn inside(&self, folder: &str) -> BTreeMap<&str, &str> {
        let files = self.rust.iter().filter_map(|(path, text)| {
            let inside = path.strip_prefix(folder)?.strip_prefix('/')?;
            Some((inside, text.as_str()))
        });
        files.collect()
    }

    /// The records of the benches, by path.
    fn records(&self) -> BTreeMap<&str, &str> {
        self.documents
            .iter()
            .filter(|(path, _)| path.starts_with("benches/record/"))
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect()
    }

    /// The markdown files that people write: the records of the benches are output.
    fn prose(&self) -> impl Iterator<Item = (&str, &str)> {
        self.documents
            .iter()
            .filter(|(path, _)| path.ends_with(".md") && !path.starts_with("benches/record/"))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The text at `path`, which is empty for what is no document, if anything is there.
    fn at(&self, root: &Path, path: &str) -> Option<String> {
        match self.documents.get(path) {
            Some(text) => Some(text.clone()),
            None => root.join(path).exists().then(String::new),
        }
    }

    /// Test functions, and guest programs, which are tests by their file's name.
    fn tests(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for (path, text) in &self.rust {
            names.extend(rust::tests(text));
            if path.starts_with("crates/guests/src/") || path.starts_with("examples/src/bin/") {
                let stem = Path::new(path).file_stem().and_then(|stem| stem.to_str());
                names.extend(stem.map(str::to_owned));
            }
        }
        names
    }
}

fn is_ours(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let is_hidden = entry.depth() > 0 && name.starts_with('.');
    // What was built, and hosts of others.
    let is_output = entry.file_type().is_dir() && (name == "target" || name == "installed");
    // What a symbolic link leads to is checked where it is.
    let is_link = entry.depth() > 0 && entry.path_is_symlink();
    !is_hidden && !is_output && !is_link
}

fn relative(root: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_names_its_file_and_line_and_rule() {
        let finding = Finding::new(Rule::FunctionLength, "a/b.rs::long", 7, "too long");
        assert_eq!(finding.to_string(), "a/b.rs:7: too long [function-length]");
    }

    #[test]
    fn paths_are_relative_and_have_slashes() {
        let root = Path::new("top");
        assert_eq!(relative(root, &root.join("a").join("b.rs")), "a/b.rs");
    }
}
