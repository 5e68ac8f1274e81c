//! From a path to the file that defines what it names.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{Import, Names, Parts};
use crate::tidy::rust::is_of_tests;

/// How many `pub use` a name is followed through: a bound for names that lead back to themselves.
const MOST_STEPS: usize = 8;

/// The files of a crate, as one platform sees them.
pub(super) struct Modules<'a> {
    /// By the module that each is.
    files: BTreeMap<Parts, (&'a str, Names)>,
    /// Which choice is taken where a module is another file on each platform.
    choice: usize,
}

impl<'a> Modules<'a> {
    /// Leaves out files of tests, and what is no Rust: other rules report that.
    pub(super) fn of(sources: &BTreeMap<&'a str, &str>) -> Self {
        let files = sources.iter().filter(|(path, _)| !is_of_tests(path));
        let named = files.filter_map(|(path, text)| {
            let module = module(path);
            let names = Names::of(&syn::parse_file(text).ok()?, module.clone());
            Some((module, (*path, names)))
        });
        Self {
            files: named.collect(),
            choice: 0,
        }
    }

    /// How many choices there are.
    pub(super) fn choices(&self) -> usize {
        let names = self.files.values().map(|(_, names)| names);
        let choices = names.flat_map(|names| names.choices.values().map(Vec::len));
        choices.max().unwrap_or(1)
    }

    pub(super) fn choose(&mut self, choice: usize) {
        self.choice = choice;
    }

    /// Each file, and what it imports.
    pub(super) fn files(&self) -> impl Iterator<Item = (&'a str, &BTreeSet<Import>)> {
        self.files
            .values()
            .map(|(path, names)| (*path, &names.imports))
    }

    /// The files that define what `import` names: none where it is another crate's, or a module as
    /// a whole, and several where names that are the same are defined under conditions.
    pub(super) fn defining(&self, import: &Import) -> BTreeSet<&'a str> {
        let mut found = BTreeSet::new();
        self.follow(import, MOST_STEPS, &mut found);
        found
    }

    fn follow(&self, import: &Import, steps: usize, found: &mut BTreeSet<&'a str>) {
        let Some(steps) = steps.checked_sub(1) else {
            return;
        };
        let Some((file, names, rest)) = self.innermost(&import.parts) else {
            return;
        };
        let [name, after @ ..] = rest else {
            return;
        };
        if let Some(modules) = names.choices.get(name) {
            let module = &modules[self.choice % modules.len()];
            let parts = [module, after].concat();
            let is_ours = true;
            self.follow(&Import { parts, is_ours }, steps, found);
        } else if let Some(targets) = names.aliases.get(name) {
            for target in targets {
                let parts = [target.parts.as_slice(), after].concat();
                let is_ours = target.is_ours;
                self.follow(&Import { parts, is_ours }, steps, found);
            }
        } else if names.items.contains(name) {
            found.insert(file);
        } else {
            let before = found.len();
            for glob in &names.globs {
                let parts = [glob.parts.as_slice(), rest].concat();
                let is_ours = false;
                self.follow(&Import { parts, is_ours }, steps, found);
            }
            // Made by a macro, or in a module inside of the file.
            if import.is_ours && found.len() == before {
                found.insert(file);
            }
        }
    }

    /// The file of the innermost module that `parts` leads through, and what is left of them.
    fn innermost<'b>(&self, parts: &'b [String]) -> Option<(&'a str, &Names, &'b [String])> {
        (0..=parts.len()).rev().find_map(|len| {
            let (inside, rest) = parts.split_at(len);
            let (file, names) = self.files.get(inside)?;
            Some((*file, names, rest))
        })
    }
}

/// The module that a file is: `a/mod.rs` and `a.rs` are `a`, `lib.rs` is the root.
pub(super) fn module(path: &str) -> Parts {
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    let mut parts: Parts = stem.split('/').map(str::to_owned).collect();
    if matches!(
        parts.last().map(String::as_str),
        Some("mod" | "lib" | "main")
    ) {
        parts.pop();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_the_module_of_its_path() {
        assert_eq!(module("lib.rs"), [""; 0]);
        assert_eq!(module("a/mod.rs"), ["a"]);
        assert_eq!(module("a/b.rs"), ["a", "b"]);
    }
}
