//! What a program says of the policy.

/// Knobs, on `Poll`'s builder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    /// Off: every poll waits on everything.
    pub(crate) enabled: bool,
    /// How long a ready cold source may wait, unless `max_sweep_percent` asks for longer.
    pub(crate) max_delay_ns: u64,
    /// The largest share of time for sweeps, in percent; taken as the nearest of 1 to 90.
    pub(crate) max_sweep_percent: u8,
    /// Whether a signal ends a wait.
    pub(crate) interruptible: bool,
}

impl Config {
    pub(crate) const DEFAULT: Self = Self {
        enabled: true,
        max_delay_ns: 1_000_000,
        max_sweep_percent: 20,
        interruptible: false,
    };
}

impl Default for Config {
    fn default() -> Self {
        Self::DEFAULT
    }
}
