//! The features, by mio's names.
//!
//! | feature | what it adds |
//! |---|---|
//! | `log` (default) | trace messages through the crate `log` |
//! | `os-poll` | nothing: [`Poll`](crate::Poll) works without it, unlike mio's |
//! | `os-ext` | the modules `unix` (pipes, `SourceFd`) and `wasi` (`SourceFd`) |
//! | `net` | the module `net`: TCP, UDP and, on Unix, Unix sockets |
