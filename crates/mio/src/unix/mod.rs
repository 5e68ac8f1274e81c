//! What only Unix has.

pub mod pipe;
mod source_fd;

pub use self::source_fd::SourceFd;
