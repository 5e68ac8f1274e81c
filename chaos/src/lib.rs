//! `cargo xtask chaos`: a server and a client on wasio, and every fault that a network and a host can
//! have between them.
//!
//! The [`plan`] says what happens and when, as a pure function of a seed. The server and the client are
//! guests, built for each backend from [`guest`]. Both know the plan, so nobody has to tell them what
//! is to come. The program `chaos` starts their hosts, performs the faults, and watches what must hold.

pub mod guest;
pub mod moment;
pub mod names;
pub mod pattern;
pub mod plan;
mod random;
