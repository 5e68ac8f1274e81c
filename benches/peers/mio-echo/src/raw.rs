use std::net::TcpListener;

#[cfg(target_env = "p1")]
pub(crate) fn preopened_listener() -> TcpListener {
    use std::os::fd::FromRawFd;

    /// The first descriptor after stdin, stdout and stderr: where a WASI 0.1 host
    /// puts the first listener it hands in.
    const FIRST_PREOPENED: i32 = 3;

    // SAFETY: the host opened this descriptor for us, and this is called once,
    // so nothing else owns it.
    unsafe { TcpListener::from_raw_fd(FIRST_PREOPENED) }
}

/// The standard library's view of a descriptor that mio owns.
#[cfg(target_env = "p2")]
pub(crate) fn as_std(listener: &impl std::os::fd::AsRawFd) -> std::mem::ManuallyDrop<TcpListener> {
    use std::os::fd::FromRawFd;

    // SAFETY: the descriptor is open for as long as `listener` lives, which outlives every use of
    // this in `accept`; it is never dropped, so never closed twice.
    let listener = unsafe { TcpListener::from_raw_fd(listener.as_raw_fd()) };
    std::mem::ManuallyDrop::new(listener)
}
