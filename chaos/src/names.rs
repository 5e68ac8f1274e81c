//! The names that are looked up.

/// The one that has an address of this machine.
pub const GOOD: &str = "localhost";

/// The one that has none, as no name under it has.
pub const BAD: &str = "no-such-name.invalid";
