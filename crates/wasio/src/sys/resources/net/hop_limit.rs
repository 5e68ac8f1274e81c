//! Times to live, which the host has as hop limits.

use std::io;

/// A time to live as the host's hop limit.
pub(crate) fn hop_limit(ttl: u32) -> io::Result<u8> {
    u8::try_from(ttl)
        .ok()
        .filter(|ttl| *ttl > 0)
        .ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("time to live of {ttl}: give 1 to 255"),
            )
        })
}
