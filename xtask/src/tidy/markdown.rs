//! The rules about every markdown file: the width of its lines, and where its links lead.

use super::{Finding, Rule};

/// The longest line, in characters.
const COLUMNS: usize = 100;

/// Lines outside of tables and code blocks have at most [`COLUMNS`] characters.
pub(super) fn widths(path: &str, text: &str) -> Vec<Finding> {
    prose(text)
        .filter(|(_, line)| !line.trim_start().starts_with('|'))
        .filter_map(|(number, line)| {
            let width = line.chars().count();
            let text = format!("{width} characters, of {COLUMNS} at most");
            (width > COLUMNS).then(|| Finding::new(Rule::LineWidth, path, number, text))
        })
        .collect()
}

/// A relative link leads to a file or folder of the repository, and its fragment to a heading.
/// `read` returns the text of a path from the root, if it exists; that of a folder is empty.
pub(super) fn links(path: &str, text: &str, read: &dyn Fn(&str) -> Option<String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in prose(text) {
        for target in targets(line).filter(|target| is_relative(target)) {
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let text = match file {
                "" => Some(text.to_owned()),
                file => read(&resolve(path, file)),
            };
            let is_there = text.is_some_and(|text| {
                heading.is_empty() || headings(&text).any(|one| one == heading)
            });
            if !is_there {
                let text = format!("the link {target} leads nowhere");
                findings.push(Finding::new(Rule::Link, path, number, text));
            }
        }
    }
    findings
}

/// The lines outside of code blocks, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// Where the links of a line lead: `[text](target)` and `[name]: target`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let definition = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]: "))
        .map(|(_, target)| target.trim());
    let inline = line.split("](").skip(1);
    inline
        .filter_map(|rest| rest.split(')').next())
        .chain(definition)
}

fn is_relative(target: &str) -> bool {
    !target.contains("://") && !target.starts_with("mailto:")
}

/// The path from the root of what the file at `path` calls `link`.
fn resolve(path: &str, link: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            // What is above the root is not in the repository.
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The headings, in the form that links to them have.
fn headings(text: &str) -> impl Iterator<Item = String> {
    prose(text)
        .filter(|(_, line)| line.starts_with('#'))
        .map(|(_, line)| {
            let words = line.trim_start_matches('#').trim().to_lowercase();
            let kept = words.chars().filter_map(|c| match c {
                ' ' => Some('-'),
                c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
                _ => None,
            });
            kept.collect()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(findings: &[Finding]) -> Vec<usize> {
        findings.iter().map(|one| one.line).collect()
    }

    fn linked(path: &str, text: &str) -> Vec<usize> {
        let read = |path: &str| match path {
            "src" => Some(String::new()),
            "docs/a.md" => Some("# The `WASI 0.2` backend\n".to_owned()),
            _ => None,
        };
        lines(&links(path, text, &read))
    }

    #[test]
    fn a_line_of_prose_has_a_hundred_characters_at_most() {
        let long = "é".repeat(101);
        let fits = "é".repeat(100);
        let text = format!("{fits}\n{long}\n| {long} |\n```\n{long}\n```\n{long}\n");
        assert_eq!(lines(&widths("a.md", &text)), [2, 7]);
    }

    #[test]
    fn a_relative_link_leads_to_a_file_or_a_folder() {
        assert_eq!(
            linked("b.md", "[a](docs/a.md), [b](src/)\n[c](src/c.rs)"),
            [2]
        );
        assert_eq!(linked("docs/b.md", "[a](a.md)\n[b](../src)\n[c](src)"), [3]);
        assert_eq!(linked("b.md", "![a][one]\n\n[one]: docs/b.svg"), [3]);
        assert_eq!(linked("b.md", "[a](../docs/a.md)"), [1]);
        assert_eq!(
            linked("b.md", "```\n[a](gone)\n```\n<https://a>"),
            [0_usize; 0]
        );
        assert_eq!(
            linked("b.md", "[a](https://a.b/c), [d](mailto:e)"),
            [0_usize; 0]
        );
    }

    #[test]
    fn a_fragment_is_a_heading() {
        assert_eq!(
            linked("b.md", "[a](docs/a.md#the-wasi-02-backend)"),
            [0_usize; 0]
        );
        assert_eq!(linked("b.md", "[a](docs/a.md#the-backend)"), [1]);
        assert_eq!(linked("b.md", "[a](#part-one)\n## Part one"), [0_usize; 0]);
        assert_eq!(linked("b.md", "[a](#part-one)\n```\n## Part one\n```"), [1]);
    }
}
