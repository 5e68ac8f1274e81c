/// How a guest ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It exited with this code; returning from `main` is 0.
    Code(i32),
    /// It trapped, with this message, which includes the guest's stack.
    Trap(String),
    /// It was stopped by [`Running::stop`](crate::Running::stop).
    Stopped,
    /// It was still running at the end of [`Running::wait`](crate::Running::wait).
    TimedOut,
}
