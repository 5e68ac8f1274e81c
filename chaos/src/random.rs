//! Numbers that depend on nothing but a seed (SplitMix64).

/// A sequence of numbers.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The sequence of `seed` for one purpose and one number of it. Others do not overlap it.
    pub(crate) fn new(seed: u64, purpose: u64, number: u64) -> Self {
        Self(mix(mix(mix(seed) ^ purpose) ^ number))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    /// A small number of bytes, from `low` to `high`, both included.
    pub(crate) fn len_between(&mut self, low: u16, high: u16) -> usize {
        let len = self.between(low.into(), high.into());
        usize::try_from(len).unwrap_or(usize::MAX)
    }

    /// Whether it happens, with a probability of one in `count`.
    pub(crate) fn one_in(&mut self, count: u64) -> bool {
        self.next().is_multiple_of(count)
    }
}

pub(crate) fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}
