//! Circles among the files of a crate: two files, or more, of which each imports from the next.
//!
//! An import is a `use` or a path in code, and leads to the file that defines the name: a
//! `pub use` on the way is followed, and is no import itself. What only tests import does not
//! count, and neither does what stands inside of a macro.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::slice;

mod names;
mod resolve;

use self::resolve::Modules;

/// From each file to the files that it imports from.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// The circles among `sources`, which are the texts of a crate's files by their path in `src`:
/// for each file that is in one the shortest, once, from its first file by name.
pub(super) fn circles(sources: &BTreeMap<&str, &str>) -> BTreeSet<Vec<String>> {
    let mut modules = Modules::of(sources);
    let mut circles = BTreeSet::new();
    for choice in 0..modules.choices() {
        modules.choose(choice);
        let graph = graph(&modules);
        let of_files = graph
            .keys()
            .filter_map(|file| shortest_circle(&graph, file));
        circles.extend(of_files.map(from_the_first_by_name));
    }
    circles
}

fn graph(modules: &Modules<'_>) -> Graph {
    modules
        .files()
        .map(|(file, imports)| {
            let mut targets: BTreeSet<String> = imports
                .iter()
                .flat_map(|import| modules.defining(import))
                .map(str::to_owned)
                .collect();
            targets.remove(file);
            (file.to_owned(), targets)
        })
        .collect()
}

/// A breadth-first search from `start` back to it.
fn shortest_circle(graph: &Graph, start: &str) -> Option<Vec<String>> {
    let mut paths = VecDeque::from([vec![start.to_owned()]]);
    let mut seen = BTreeSet::new();
    while let Some(path) = paths.pop_front() {
        let targets = graph.get(path.last()?)?;
        if targets.contains(start) {
            return Some(path);
        }
        for target in targets {
            if seen.insert(target) {
                paths.push_back([path.as_slice(), slice::from_ref(target)].concat());
            }
        }
    }
    None
}

fn from_the_first_by_name(mut circle: Vec<String>) -> Vec<String> {
    let first = circle.iter().enumerate().min_by_key(|(_, file)| *file);
    let first = first.map_or(0, |(at, _)| at);
    circle.rotate_left(first);
    circle
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles_of(files: &[(&'static str, &'static str)]) -> Vec<Vec<String>> {
        let sources = files.iter().copied().collect();
        circles(&sources).into_iter().collect()
    }

    #[test]
    fn files_that_import_each_other_are_a_circle() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "use crate::b::B; struct A;"),
            ("b.rs", "use super::a::A; struct B;"),
            ("c.rs", "use crate::{a::A, b::B}; use std::io;"),
        ];
        assert_eq!(circles_of(&files), [["a.rs", "b.rs"]]);
    }

    #[test]
    fn a_longer_circle_is_reported_once() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "use crate::c::C; struct A;"),
            ("b.rs", "use crate::a::A; struct B;"),
            ("c.rs", "use crate::b::B; struct C;"),
        ];
        assert_eq!(circles_of(&files), [["a.rs", "c.rs", "b.rs"]]);
    }

    #[test]
    fn a_path_in_code_is_an_import() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use crate::b; pub fn f() { b::g() }"),
            ("b.rs", "pub fn g() { crate::a::f() }"),
        ];
        assert_eq!(circles_of(&files), [["a.rs", "b.rs"]]);
    }

    #[test]
    fn a_reexport_leads_to_where_the_name_is_defined() {
        let files = [
            ("lib.rs", "mod a; mod b; pub use self::a::A; pub use b::*;"),
            ("a.rs", "pub struct A;"),
            ("b.rs", "use crate::A; pub struct B;"),
        ];
        assert_eq!(circles_of(&files), [[""; 0]; 0]);
        let files = [files[0], ("a.rs", "use crate::B; pub struct A;"), files[2]];
        assert_eq!(circles_of(&files), [["a.rs", "b.rs"]]);
    }

    #[test]
    fn a_parent_and_its_child_may_be_a_circle() {
        let files = [
            ("lib.rs", "mod a;"),
            ("a/mod.rs", "mod b; use self::b::B; pub struct A;"),
            ("a/b.rs", "use super::A; pub struct B;"),
        ];
        assert_eq!(circles_of(&files), [["a/b.rs", "a/mod.rs"]]);
        let files = [
            files[0],
            ("a/mod.rs", "mod b; pub use b::B; pub struct A;"),
            files[2],
        ];
        assert_eq!(circles_of(&files), [[""; 0]; 0]);
    }

    #[test]
    fn a_module_that_is_one_of_several_files_is_each_of_them() {
        let files = [
            (
                "sys/mod.rs",
                "#[cfg_attr(unix, path = \"one/mod.rs\")] #[cfg_attr(windows, path = \"two.rs\")]
                 mod imp; pub use imp::S;",
            ),
            ("sys/one/mod.rs", "mod s; pub use s::S;"),
            ("sys/one/s.rs", "use crate::user::U; pub struct S;"),
            ("sys/two.rs", "use crate::user::U; pub struct S;"),
            ("user.rs", "use crate::sys::S; pub struct U;"),
        ];
        let expected = [["sys/one/s.rs", "user.rs"], ["sys/two.rs", "user.rs"]];
        assert_eq!(circles_of(&files), expected);
    }

    #[test]
    fn a_circle_that_no_platform_has_is_none() {
        let files = [
            (
                "sys/mod.rs",
                "#[cfg_attr(unix, path = \"one/mod.rs\")] #[cfg_attr(windows, path = \"two/mod.rs\")]
                 mod imp; pub use imp::{S, T};",
            ),
            ("sys/one/mod.rs", "mod s; mod t; pub use s::S; pub use t::T;"),
            ("sys/one/s.rs", "use crate::b::B; pub struct S;"),
            ("sys/one/t.rs", "pub struct T;"),
            ("sys/two/mod.rs", "mod s; mod t; pub use s::S; pub use t::T;"),
            ("sys/two/s.rs", "pub struct S;"),
            ("sys/two/t.rs", "use crate::a::A; pub struct T;"),
            ("a.rs", "use crate::sys::S; pub struct A;"),
            ("b.rs", "use crate::sys::T; pub struct B;"),
        ];
        assert_eq!(circles_of(&files), [[""; 0]; 0]);
    }

    #[test]
    fn tests_may_import_what_they_test() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use crate::b::B; struct A; #[cfg(test)] mod tests;"),
            ("a/tests.rs", "use crate::b::B;"),
            (
                "b.rs",
                "struct B; #[cfg(test)] mod tests { use crate::a::A; }",
            ),
        ];
        assert_eq!(circles_of(&files), [[""; 0]; 0]);
    }
}
