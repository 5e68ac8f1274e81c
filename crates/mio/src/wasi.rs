//! What only WASI has.

pub use wasio::SourceFd;
