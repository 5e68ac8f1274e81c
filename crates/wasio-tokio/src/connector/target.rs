//! The host and the port that a URI names.

use std::io;

use http::Uri;
use http::uri::Scheme;

use super::invalid;

/// `is_http`: whether no other scheme will do.
pub(super) fn of(uri: &Uri, is_http: bool) -> io::Result<(&str, u16)> {
    let scheme = uri
        .scheme()
        .ok_or_else(|| invalid(format!("the URI {uri} has no scheme, as http:// is one")))?;
    if is_http && *scheme != Scheme::HTTP {
        return Err(invalid(format!(
            "the URI {uri} is not of the scheme http: a connector for {scheme} stands on one with \
             `enforce_http(false)`"
        )));
    }
    let host = uri
        .host()
        .filter(|host| !host.is_empty())
        .ok_or_else(|| invalid(format!("the URI {uri} names no host")))?;
    let port = match uri.port_u16() {
        Some(port) => port,
        None if names_port(uri) => {
            return Err(invalid(format!(
                "the port of the URI {uri} is not one: 0 to 65535 are"
            )));
        }
        None => port_of(scheme)
            .ok_or_else(|| invalid(format!("the URI {uri} needs a port: {scheme} has none")))?,
    };
    Ok((without_brackets(host), port))
}

fn port_of(scheme: &Scheme) -> Option<u16> {
    match scheme.as_str() {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// Whether a port is written, of whatever number.
fn names_port(uri: &Uri) -> bool {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    // A colon may also be in the user's name and password.
    let authority = (authority.rsplit_once('@')).map_or(authority, |(_, place)| place);
    let after_host = authority.rsplit_once(':').map_or("", |(_, rest)| rest);
    // The colons of an IPv6 address are before its bracket.
    !after_host.is_empty() && !after_host.contains(']')
}

/// An IPv6 address is in brackets there.
fn without_brackets(host: &str) -> &str {
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    inner.unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_that_of_the_uri_or_of_its_scheme() {
        for (text, host, port) in [
            ("http://example.org/", "example.org", 80),
            ("https://example.org/a?b", "example.org", 443),
            ("http://example.org:8080/", "example.org", 8080),
            ("http://[::1]:8080/", "::1", 8080),
            ("http://127.0.0.1", "127.0.0.1", 80),
            ("http://[::1]/", "::1", 80),
            ("http://example.org:/", "example.org", 80),
            ("http://user:word@example.org/", "example.org", 80),
            ("redis://cache:6379", "cache", 6379),
        ] {
            let uri: Uri = text.parse().expect("a URI");
            assert_eq!(of(&uri, false).expect("a target"), (host, port));
        }
    }

    #[test]
    fn what_cannot_be_connected_to_is_refused_with_the_reason() {
        for (text, is_http, reason) in [
            ("/path", false, "no scheme"),
            ("example.org:80", false, "no scheme"),
            ("https://example.org/", true, "not of the scheme http"),
            ("redis://cache", false, "needs a port"),
            ("http://example.org:65616/", false, "the port of"),
        ] {
            let uri: Uri = text.parse().expect("a URI");
            let error = of(&uri, is_http).expect_err("no target");
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains(reason), "{error}");
        }
    }
}
