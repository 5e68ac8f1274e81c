//! Test clients: the other end of a guest's connections.

mod blocking;
pub mod load;
mod play;

pub use blocking::{Pattern, checksum, connect, connect_narrow, pair, reset};
