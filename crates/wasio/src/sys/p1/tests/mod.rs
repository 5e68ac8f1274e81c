//! The 0.1 selector against a scripted host, in virtual time: a host for each column of the
//! matrix of hosts, and some that lie.

mod answer;
#[cfg(test)]
mod crowd;
#[cfg(test)]
mod errnos;
#[cfg(test)]
mod fast_path;
mod host;
pub(crate) mod model;
#[cfg(test)]
mod modes;
#[cfg(test)]
mod quirk;
#[cfg(test)]
mod random;
#[cfg(test)]
mod rig;
#[cfg(test)]
mod robust;
mod rules;
#[cfg(test)]
mod threads;
