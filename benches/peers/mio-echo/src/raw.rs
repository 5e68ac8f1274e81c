use std::net::TcpListener;

#[cfg(target_env = "p1")]
pub(crate) fn preopened_listener() -> TcpListener {
    use std::os::fd::FromRawFd;

    /// The first descriptor after stdin, stdout and stderr: on WASI 0.1 the first preopened
    /// listener.
    const FIRST_PREOPENED: i32 = 3;

    // SAFETY: the host opened this descriptor for this program, and this function is called only
    // once, so nothing else owns it.
    unsafe { TcpListener::from_raw_fd(FIRST_PREOPENED) }
}

/// A view of a descriptor that mio owns, as a type of the standard library.
#[cfg(target_env = "p2")]
pub(crate) fn as_std(listener: &impl std::os::fd::AsRawFd) -> std::mem::ManuallyDrop<TcpListener> {
    use std::os::fd::FromRawFd;

    // SAFETY: the descriptor is open while `listener` lives, which outlives every use of this view
    // in `accept`. The view is never dropped, so the descriptor is not closed twice.
    let listener = unsafe { TcpListener::from_raw_fd(listener.as_raw_fd()) };
    std::mem::ManuallyDrop::new(listener)
}
