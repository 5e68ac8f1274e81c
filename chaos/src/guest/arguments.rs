//! The arguments of a guest: `NAME=VALUE`.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::str::FromStr;

#[derive(Debug)]
pub(super) struct Arguments(HashMap<String, String>);

impl Arguments {
    pub(super) fn parse() -> Self {
        let pair = |one: String| {
            let (name, value) = one.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        };
        Self(std::env::args().skip(1).filter_map(pair).collect())
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn number(&self, name: &str) -> io::Result<u64> {
        self.value(name)?.ok_or_else(|| missing(name))
    }

    /// `None` if it is not given.
    pub(super) fn optional_number(&self, name: &str) -> io::Result<Option<u64>> {
        self.value(name)
    }

    pub(super) fn address(&self, name: &str) -> io::Result<Option<SocketAddr>> {
        self.value(name)
    }

    fn value<T: FromStr>(&self, name: &str) -> io::Result<Option<T>> {
        let parse = |text: &str| text.parse().map_err(|_| missing(name));
        self.text(name).map(parse).transpose()
    }
}

fn missing(name: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("no good value for {name}="),
    )
}
