//! The 0.1 selector against a scripted host, in virtual time: a host for each column of the
//! matrix of hosts, and some that lie.

mod answer;
mod crowd;
mod errnos;
mod fast_path;
mod host;
mod model;
mod modes;
mod quirk;
mod rig;
mod robust;
mod rules;
mod threads;
