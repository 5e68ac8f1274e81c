//! Keeps idle cores from halting.
//!
//! On a virtual machine, halting a core exits to the hypervisor, and so does the message that wakes
//! it. Together this costs more than the rest of a round trip. It also varies: whether the kernel
//! stops its tick first is worth 10 µs, and depends on what else the program does (see README.md
//! about a useless `accept` that fails). Linux does not halt while a process holds a request for
//! zero latency.

use std::fs::{File, OpenOptions};
use std::io::Write;

use anyhow::Context;

/// The device for such requests. Only root may open it.
const DEVICE: &str = "/dev/cpu_dma_latency";

/// A request for zero latency. The cores do not halt until it is dropped.
#[derive(Debug)]
pub struct Awake {
    /// Closing the file ends the request.
    _request: File,
}

impl Awake {
    /// Makes the request.
    ///
    /// # Errors
    /// The system is not Linux, or does not permit it.
    pub fn hold() -> anyhow::Result<Self> {
        let longest_us: i32 = 0;
        let mut request = OpenOptions::new()
            .write(true)
            .open(DEVICE)
            .with_context(|| {
                format!("cannot keep the cores awake: only root on Linux can open {DEVICE}")
            })?;
        request
            .write_all(&longest_us.to_ne_bytes())
            .with_context(|| format!("cannot keep the cores awake: {DEVICE} refuses 0 µs"))?;
        Ok(Self { _request: request })
    }
}
