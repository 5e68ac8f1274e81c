//! The 0.1 selector against a scripted host.
