//! The 0.2 selector against a scripted host, in virtual time.

#[cfg(test)]
mod descriptors;
#[cfg(test)]
mod fairness;
#[cfg(test)]
mod forks;
mod host;
#[cfg(test)]
mod idle;
pub(crate) mod model;
#[cfg(test)]
mod modes;
#[cfg(test)]
mod random;
#[cfg(test)]
mod rig;
mod rules;
#[cfg(test)]
mod time;
