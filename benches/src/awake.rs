//! Cores that do not halt while nothing runs on them.
//!
//! On a virtual machine a core that halts leaves it, and so does the message that wakes it: more than
//! the rest of a round trip. Whether the kernel stops its tick before is worth 10 µs, and differs with
//! what a program does otherwise (README.md: a useless `accept` that fails). Linux does without halting
//! for as long as somebody holds its request for a latency of zero.

use std::fs::{File, OpenOptions};
use std::io::Write;

use anyhow::Context;

/// The kernel's device for such requests, which only its superuser may open.
const DEVICE: &str = "/dev/cpu_dma_latency";

/// The cores do not halt until this is dropped.
#[derive(Debug)]
pub struct Awake {
    /// Closing it takes the request back.
    _request: File,
}

impl Awake {
    /// Asks the system for it.
    ///
    /// # Errors
    /// It is not Linux, or does not permit it.
    pub fn hold() -> anyhow::Result<Self> {
        let longest_us: i32 = 0;
        let mut request = OpenOptions::new()
            .write(true)
            .open(DEVICE)
            .with_context(|| {
                format!("cannot keep the cores awake: {DEVICE} is Linux's, and its superuser's")
            })?;
        request
            .write_all(&longest_us.to_ne_bytes())
            .with_context(|| format!("cannot keep the cores awake: {DEVICE} refuses 0 µs"))?;
        Ok(Self { _request: request })
    }
}
