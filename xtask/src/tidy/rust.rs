//! The rules about Rust source.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::{Attribute, Item};

use super::{Finding, Rule, fence, functions};

const MOST_LINES_OF_A_FUNCTION: usize = 60;
const MOST_LINES_OF_A_FILE: usize = 500;
const MOST_LINES_IN_THE_LIBRARY: usize = 400;
const LIBRARY: &str = "crates/wasio/src/";

/// What is wrong with the file `path` that holds `source`.
pub(super) fn check(path: &str, source: &str) -> Vec<Finding> {
    let finding = |rule, line, text: String| Finding::new(rule, path, line, text);
    let (file, tokens) = match (syn::parse_file(source), source.parse::<TokenStream>()) {
        (Ok(file), Ok(tokens)) => (file, tokens),
        (Err(error), _) => {
            return vec![finding(
                Rule::Readable,
                error.span().start().line,
                error.to_string(),
            )];
        }
        (_, Err(error)) => return vec![finding(Rule::Readable, 1, error.to_string())],
    };
    let mut findings = long_functions(path, &file);
    findings.extend(too_safe(path, &file));
    findings.extend(long_file(path, source, &file).map(|text| finding(Rule::FileLength, 1, text)));
    let lines = lines_with_unsafe(tokens.clone());
    findings.extend(lines.into_iter().map(|line| {
        let text = "unsafe in a file that is not listed".to_owned();
        finding(Rule::Unsafe, line, text)
    }));
    let mut attributes = Vec::new();
    collect_attributes(tokens, &mut attributes);
    findings.extend(attributes.iter().filter_map(|attribute| {
        let text = without_reason(attribute.stream())?;
        Some(finding(Rule::Reason, attribute.span().start().line, text))
    }));
    findings
}

/// The names of the test functions in `source`, those inside macros too.
pub(super) fn tests(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    if let Ok(tokens) = source.parse() {
        collect_tests(tokens, &mut names);
    }
    names
}

/// Whether a file is there for tests alone: called `tests`, or in a folder of that name.
pub(super) fn is_of_tests(path: &str) -> bool {
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    stem.split('/').any(|part| part == "tests")
}

fn too_safe(path: &str, file: &syn::File) -> Vec<Finding> {
    let found = fence::too_safe(file).into_iter();
    let finding = |(name, line, why): (String, usize, String)| {
        let text = format!("{name} is no unsafe fn, but {why}");
        Finding::new(Rule::UnsafeFn, format!("{path}::{name}"), line, text)
    };
    found.map(finding).collect()
}

fn long_functions(path: &str, file: &syn::File) -> Vec<Finding> {
    functions::lengths(file)
        .into_iter()
        .filter(|(_, _, lines)| *lines > MOST_LINES_OF_A_FUNCTION)
        .map(|(name, line, lines)| {
            let text = format!("{name} has {lines} lines, more than {MOST_LINES_OF_A_FUNCTION}");
            Finding::new(Rule::FunctionLength, format!("{path}::{name}"), line, text)
        })
        .collect()
}

fn long_file(path: &str, source: &str, file: &syn::File) -> Option<String> {
    if file.attrs.iter().any(is_cfg_test) {
        return None;
    }
    let of_tests: usize = file.items.iter().map(lines_of_tests).sum();
    let lines = source.lines().count().saturating_sub(of_tests);
    let most = if path.starts_with(LIBRARY) && !is_of_tests(path) {
        MOST_LINES_IN_THE_LIBRARY
    } else {
        MOST_LINES_OF_A_FILE
    };
    (lines > most).then(|| format!("{lines} lines without tests, more than {most}"))
}

fn lines_of_tests(item: &Item) -> usize {
    let attributes = match item {
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        _ => return 0,
    };
    if !attributes
        .iter()
        .any(|one| is_cfg_test(one) || one.path().is_ident("test"))
    {
        return 0;
    }
    let span = item.span();
    span.end().line + 1 - span.start().line
}

/// `cfg(test)` or `cfg(all(test, …))`.
pub(super) fn is_cfg_test(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
        && attribute
            .meta
            .require_list()
            .is_ok_and(|list| is_test_predicate(list.tokens.clone()))
}

fn is_test_predicate(tokens: TokenStream) -> bool {
    let mut tokens = tokens.into_iter();
    match tokens.next() {
        Some(TokenTree::Ident(word)) if word == "test" => true,
        Some(TokenTree::Ident(word)) if word == "all" => matches!(
            tokens.next(),
            Some(TokenTree::Group(group)) if is_test_predicate(group.stream())
        ),
        _ => false,
    }
}

fn lines_with_unsafe(tokens: TokenStream) -> Vec<usize> {
    let mut lines = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Ident(word) if word == "unsafe" => lines.push(word.span().start().line),
            TokenTree::Group(group) => lines.extend(lines_with_unsafe(group.stream())),
            _ => {}
        }
    }
    lines
}

/// The brackets of `#[…]` and `#![…]`, those inside macros too.
fn collect_attributes(tokens: TokenStream, attributes: &mut Vec<Group>) {
    let mut after_hash = false;
    for token in tokens {
        match token {
            TokenTree::Punct(mark) => {
                after_hash = mark.as_char() == '#' || (after_hash && mark.as_char() == '!');
            }
            TokenTree::Group(group) if after_hash && group.delimiter() == Delimiter::Bracket => {
                after_hash = false;
                attributes.push(group);
            }
            TokenTree::Group(group) => {
                after_hash = false;
                collect_attributes(group.stream(), attributes);
            }
            _ => after_hash = false,
        }
    }
}

/// What an attribute lacks: `allow(…)` without `reason`, `ignore` without `=`.
fn without_reason(attribute: TokenStream) -> Option<String> {
    let tokens: Vec<TokenTree> = attribute.into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Ident(word), TokenTree::Group(group)]
            if (word == "allow" || word == "expect") && !has_reason(group) =>
        {
            Some(format!("{word} without a reason"))
        }
        [TokenTree::Ident(word)] if word == "ignore" => Some("ignore without a reason".to_owned()),
        [TokenTree::Ident(word), TokenTree::Group(group)] if word == "cfg_attr" => {
            split_at_commas(group.stream())
                .into_iter()
                .skip(1)
                .find_map(without_reason)
        }
        _ => None,
    }
}

fn has_reason(lints: &Group) -> bool {
    lints
        .stream()
        .into_iter()
        .any(|token| matches!(token, TokenTree::Ident(word) if word == "reason"))
}

fn split_at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    tokens
        .split(|token| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ','))
        .map(|part| part.iter().cloned().collect())
        .collect()
}

fn collect_tests(tokens: TokenStream, names: &mut Vec<String>) {
    let mut is_test = false;
    let mut names_next = false;
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
                is_test |= ends_in_test(group.stream());
            }
            TokenTree::Group(group) => collect_tests(group.stream(), names),
            TokenTree::Ident(word) if names_next => {
                if is_test {
                    names.push(word.to_string());
                }
                (is_test, names_next) = (false, false);
            }
            TokenTree::Ident(word) => names_next = word == "fn",
            _ => {}
        }
    }
}

/// Whether an attribute is `test` or a path that ends so, as `tokio::test`.
fn ends_in_test(attribute: TokenStream) -> bool {
    attribute
        .into_iter()
        .take_while(|token| !matches!(token, TokenTree::Group(_)))
        .last()
        .is_some_and(|token| matches!(token, TokenTree::Ident(word) if word == "test"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, source: &str) -> Vec<(&'static str, usize)> {
        let findings = check(path, source);
        findings
            .iter()
            .map(|one| (one.rule.name(), one.line))
            .collect()
    }

    #[test]
    fn a_function_may_have_sixty_lines_and_no_more() {
        let function = |lines: usize| format!("fn f() {{\n{}}}\n", "\n".repeat(lines - 2));
        assert_eq!(rules("a.rs", &function(60)), []);
        assert_eq!(rules("a.rs", &function(61)), [("function-length", 1)]);
        assert_eq!(check("a.rs", &function(61))[0].subject, "a.rs::f");
    }

    #[test]
    fn a_file_may_have_five_hundred_lines_beside_its_tests_and_in_the_library_four_hundred() {
        let code = "const A: u8 = 0;\n".repeat(500);
        let tests = "#[cfg(test)]\nmod tests {\n    const B: u8 = 0;\n}\n";
        assert_eq!(rules("a.rs", &format!("{code}{tests}")), []);
        let also = "#[cfg(all(test, unix))]\nmod more {}\n";
        assert_eq!(rules("a.rs", &format!("{code}{tests}{also}")), []);
        let longer = format!("{code}static C: u8 = 0;\n{tests}");
        assert_eq!(rules("a.rs", &longer), [("file-length", 1)]);
        assert_eq!(rules("a.rs", &format!("#![cfg(test)]\n{longer}")), []);
        let shorter = "const A: u8 = 0;\n".repeat(400);
        assert_eq!(rules("crates/wasio/src/a.rs", &shorter), []);
        assert_eq!(rules("crates/wasio/src/a.rs", &code), [("file-length", 1)]);
        assert_eq!(rules("crates/wasio/src/a/tests.rs", &code), []);
    }

    #[test]
    fn a_file_with_unsafe_code_is_found() {
        let source = "fn f() {\n    unsafe { g() }\n}\n";
        assert_eq!(rules("a.rs", source), [("unsafe", 2)]);
        let inside = "m! { unsafe extern \"C\" {} }";
        assert_eq!(rules("a.rs", inside), [("unsafe", 1)]);
        let words = "// unsafe\n#![deny(unsafe_code)]\nconst A: &str = \"unsafe\";\n";
        assert_eq!(rules("a.rs", words), []);
    }

    #[test]
    fn files_of_tests_are_known_by_their_path() {
        assert!(is_of_tests("a/tests.rs") && is_of_tests("a/tests/model.rs"));
        assert!(!is_of_tests("a/contests.rs"));
    }

    #[test]
    fn an_allow_says_why() {
        assert_eq!(
            rules("a.rs", "#[allow(dead_code)]\nfn f() {}"),
            [("reason", 1)]
        );
        assert_eq!(
            rules("a.rs", "#![expect(dead_code)]\nfn f() {}"),
            [("reason", 1)]
        );
        let nested = "\n#[cfg_attr(unix, allow(dead_code))]\nfn f() {}";
        assert_eq!(rules("a.rs", nested), [("reason", 2)]);
        let with = "#[allow(dead_code, reason = \"a test\")]\nfn f() {}";
        assert_eq!(rules("a.rs", with), []);
        let nested = "#[cfg_attr(unix, allow(dead_code, reason = \"a test\"))]\nfn f() {}";
        assert_eq!(rules("a.rs", nested), []);
    }

    #[test]
    fn an_ignored_test_says_why() {
        assert_eq!(
            rules("a.rs", "#[test]\n#[ignore]\nfn f() {}"),
            [("reason", 2)]
        );
        let nested = "#[test]\n#[cfg_attr(miri, ignore)]\nfn f() {}";
        assert_eq!(rules("a.rs", nested), [("reason", 2)]);
        assert_eq!(
            rules("a.rs", "#[test]\n#[ignore = \"slow\"]\nfn f() {}"),
            []
        );
    }

    #[test]
    fn tests_are_found_by_their_attribute() {
        let source = "\
#[test]
fn one() {}
fn not_one() {}
#[tokio::test(flavor = \"current_thread\")]
#[ignore = \"slow\"]
pub async fn two() {}
proptest! {
    #[test]
    fn three(x: u8) {}
}
#[cfg(test)]
mod tests {
    fn helper() {}
}
";
        assert_eq!(tests(source), ["one", "two", "three"]);
    }

    #[test]
    fn a_file_that_is_no_rust_is_a_finding() {
        assert_eq!(rules("a.rs", "fn {"), [("readable", 1)]);
    }
}
