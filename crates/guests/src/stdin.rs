//! Standard input without a buffer: neither the standard library's nor wasio's, which both read
//! ahead of the program.

use std::fs::File;
use std::mem::ManuallyDrop;

#[allow(
    unsafe_code,
    reason = "the number of standard input is no type of std's"
)]
mod raw;

/// Returns standard input. A read takes no more from the host than it returns.
#[must_use]
pub fn unbuffered() -> ManuallyDrop<File> {
    raw::stdin()
}
