//! `tidy.toml`: a table a rule, a line an exception: `"subject" = "reason"`.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};

use super::Finding;

/// Subjects and reasons by the name of the rule.
pub(super) struct Exceptions(BTreeMap<String, BTreeMap<String, String>>);

impl Exceptions {
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let rules: BTreeMap<String, BTreeMap<String, String>> =
            toml::from_str(text).context("xtask/tidy.toml")?;
        for (subject, reason) in rules.values().flatten() {
            ensure!(
                !reason.trim().is_empty(),
                "xtask/tidy.toml: {subject} has no reason"
            );
        }
        Ok(Self(rules))
    }

    /// The findings that no exception covers, and the exceptions that cover
    /// nothing: those have to go, so that the list only ever shrinks.
    pub(super) fn apply(&self, findings: Vec<Finding>) -> Vec<String> {
        let covers = |finding: &Finding, rule: &str, subject: &str| {
            finding.rule.name() == rule && finding.subject == subject
        };
        let unused = self
            .0
            .iter()
            .flat_map(|(rule, subjects)| subjects.keys().map(move |subject| (rule, subject)))
            .filter(|(rule, subject)| !findings.iter().any(|one| covers(one, rule, subject)))
            .map(|(rule, subject)| {
                format!("xtask/tidy.toml: {subject:?} needs no exception from {rule} any more")
            })
            .collect::<Vec<_>>();
        findings
            .iter()
            .filter(|one| {
                let listed = self.0.get(one.rule.name());
                !listed.is_some_and(|subjects| subjects.contains_key(&one.subject))
            })
            .map(ToString::to_string)
            .chain(unused)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Rule;
    use super::*;

    fn finding(subject: &str) -> Finding {
        Finding {
            rule: Rule::Unsafe,
            subject: subject.to_owned(),
            line: 1,
            text: "unsafe".to_owned(),
        }
    }

    #[test]
    fn an_exception_takes_away_its_finding_and_no_other() {
        let listed = Exceptions::parse("[unsafe]\n\"a.rs\" = \"why\"\n").unwrap();
        let left = listed.apply(vec![finding("a.rs"), finding("b.rs")]);
        assert_eq!(left, ["b.rs:1: unsafe [unsafe]"]);
    }

    #[test]
    fn an_exception_of_another_rule_covers_nothing() {
        let listed = Exceptions::parse("[reason]\n\"a.rs\" = \"why\"\n").unwrap();
        assert_eq!(listed.apply(vec![finding("a.rs")]).len(), 2);
    }

    #[test]
    fn an_exception_without_use_is_found() {
        let listed = Exceptions::parse("[unsafe]\n\"gone.rs\" = \"why\"\n").unwrap();
        let left = listed.apply(Vec::new());
        assert!(left[0].contains("gone.rs"), "{left:?}");
    }

    #[test]
    fn an_exception_without_reason_is_refused() {
        assert!(Exceptions::parse("[unsafe]\n\"a.rs\" = \" \"\n").is_err());
    }
}
