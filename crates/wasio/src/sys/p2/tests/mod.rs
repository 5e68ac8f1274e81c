//! The 0.2 selector against a scripted host, in virtual time.

mod descriptors;
mod fairness;
mod forks;
mod host;
mod idle;
mod model;
mod modes;
mod rig;
mod rules;
mod time;
