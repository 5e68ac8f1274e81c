//! The line with a guest's counts.

use std::fmt::{Display, Write as _};

#[derive(Debug)]
pub(super) struct Status(String);

impl Status {
    pub(super) fn new() -> Self {
        Self("status".to_owned())
    }

    pub(super) fn add(mut self, name: &str, value: impl Display) -> Self {
        // Writing to a string does not fail.
        let _ = write!(self.0, " {name}={value}");
        self
    }

    pub(super) fn print(self) {
        println!("{}", self.0);
    }
}
