//! Which registration a descriptor has.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::Key;
use crate::RawDescriptor;

/// From descriptors to registrations.
pub(crate) type FdIndex = HashMap<RawDescriptor, Key, BuildHasherDefault<FdHasher>>;

/// Mixes the number of a descriptor. Numbers are dense or random, and the peer does not choose
/// them, so one multiplication will do.
#[derive(Clone, Debug, Default)]
pub(crate) struct FdHasher(u64);

impl Hasher for FdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_i32(&mut self, number: i32) {
        self.write_u64(u64::from(number.cast_unsigned()));
    }

    fn write_u64(&mut self, number: u64) {
        let mixed = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // The map takes its place from the low bits, which depend on few bits of the product.
        self.0 = mixed ^ mixed >> 32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For dense numbers and for strides of a power of two, as hosts give them out.
    #[test]
    fn descriptors_spread_over_the_low_bits_of_the_hash() {
        for stride in [1, 2, 1 << 7, 1 << 16] {
            let places: std::collections::BTreeSet<u64> = (0..256)
                .map(|number: i32| {
                    let mut hasher = FdHasher::default();
                    hasher.write_i32(number * stride);
                    hasher.finish() & 0xff
                })
                .collect();
            assert!(places.len() > 100, "stride {stride}: {}", places.len());
        }
    }
}
