//! Descriptor 0 as a file.

use std::fs::File;
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;

pub(super) fn stdin() -> ManuallyDrop<File> {
    // SAFETY: descriptor 0 is standard input for as long as the program runs: std never closes it,
    // and `ManuallyDrop` keeps this from closing it.
    ManuallyDrop::new(unsafe { File::from_raw_fd(0) })
}
