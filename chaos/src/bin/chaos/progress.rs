//! The progress bar.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

#[derive(Debug)]
pub(crate) struct Progress {
    bars: MultiProgress,
    seconds: u64,
}

impl Progress {
    pub(crate) fn new(length: Duration) -> Self {
        Self {
            bars: MultiProgress::new(),
            seconds: length.as_secs(),
        }
    }

    /// A bar for one backend.
    pub(crate) fn add(&self, name: &'static str) -> ProgressBar {
        let bar = self.bars.add(ProgressBar::new(self.seconds));
        let template = "{prefix:8} {bar:30} {pos} of {len} s, {wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(name);
        bar
    }

    /// Removes all bars.
    pub(crate) fn end(&self) {
        // The screen may be gone.
        let _ = self.bars.clear();
    }
}
