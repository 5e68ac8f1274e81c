//! What can be looked up.

use std::io;
use std::net::IpAddr;

/// The longest that a name and a part of it may be (RFC 1035), in characters: what a name that is
/// not ASCII is encoded as is longer still, and for the host to judge.
const MAX_NAME_LEN: usize = 253;
const MAX_LABEL_LEN: usize = 63;

/// A name that is worth asking about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// It is an address already.
    Address(IpAddr),
    Domain(String),
}

impl Name {
    /// Refuses what no host could find, with the reason.
    pub(super) fn parse(name: &str) -> io::Result<Self> {
        if let Ok(address) = name.parse() {
            return Ok(Self::Address(address));
        }
        match fault(name) {
            None => Ok(Self::Domain(name.to_owned())),
            Some(fault) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{name:?} is neither a host name nor an IP address: {fault}"),
            )),
        }
    }
}

fn fault(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("it is empty".to_owned());
    }
    if let Some(bad) = name.chars().find(|c| !may_be_in_a_name(*c)) {
        return Some(match bad {
            ':' => "leave out the port".to_owned(),
            '[' | ']' => "leave out the brackets".to_owned(),
            bad => format!("it has a {bad:?}, and names have letters, digits, '-', '_' and '.'"),
        });
    }
    // One dot at the end says that nothing is to be added to the name.
    let name = name.strip_suffix('.').unwrap_or(name);
    let len = name.chars().count();
    if len > MAX_NAME_LEN {
        return Some(format!(
            "it has {len} characters, and {MAX_NAME_LEN} are the most"
        ));
    }
    for label in name.split('.') {
        match label.chars().count() {
            0 => return Some("a part between its dots is empty".to_owned()),
            len if len > MAX_LABEL_LEN => {
                return Some(format!(
                    "a part between its dots has {len} characters, and {MAX_LABEL_LEN} are the most"
                ));
            }
            _ => {}
        }
    }
    // Some hosts would take `127.1` and `0x7f.1` for an address, and some for a name.
    name.rsplit('.')
        .next()
        .filter(|last| is_number(last))
        .map(|last| format!("it ends with the number {last}"))
}

fn may_be_in_a_name(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    }
    !c.is_whitespace() && !c.is_control()
}

fn is_number(label: &str) -> bool {
    let hex = label
        .strip_prefix("0x")
        .or_else(|| label.strip_prefix("0X"));
    match hex {
        Some(hex) => hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stand_for_themselves() {
        for text in ["127.0.0.1", "::1", "2001:db8::7", "::ffff:1.2.3.4"] {
            let address = text.parse().expect("an address");
            assert_eq!(Name::parse(text).expect("a name"), Name::Address(address));
        }
    }

    #[test]
    fn names_are_taken_as_they_are() {
        let long = format!("{}.{0}.{0}.{}", "a".repeat(63), "b".repeat(61));
        for text in [
            "localhost",
            "example.org.",
            "x",
            "a-b_c.d9",
            "9.example",
            "bücher.example",
            &long,
        ] {
            let name = Name::parse(text).expect("a name");
            assert_eq!(name, Name::Domain(text.to_owned()));
        }
    }

    #[test]
    fn what_is_no_name_is_refused_with_the_reason() {
        let (long, label) = ("a.".repeat(127), "a".repeat(64));
        for (text, reason) in [
            ("", "empty"),
            (".", "empty"),
            ("a..b", "empty"),
            (".a", "empty"),
            ("a b", "' '"),
            ("a\0", "'\\0'"),
            ("a\n", "'\\n'"),
            ("http://a", "port"),
            ("localhost:80", "port"),
            ("127.0.0.1:80", "port"),
            ("[::1]", "brackets"),
            ("fe80::1%eth0", "port"),
            ("a/b", "'/'"),
            ("a\u{a0}b", "'\\u{a0}'"),
            (&format!("{long}a"), "255 characters"),
            (&label, "64 characters"),
            ("127.1", "the number 1"),
            ("300.1.2.3", "the number 3"),
            ("0x7f.0x1", "the number 0x1"),
            ("2130706433", "the number"),
        ] {
            let error = Name::parse(text).expect_err("no name");
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            let message = error.to_string();
            assert!(message.contains(reason), "{text:?}: {message}");
            assert!(message.starts_with(&format!("{text:?}")), "{message}");
        }
    }
}
