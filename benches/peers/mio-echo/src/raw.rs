use std::net::TcpListener;
use std::os::fd::FromRawFd;

/// The first descriptor after stdin, stdout and stderr: where a WASI 0.1 host
/// puts the first listener it hands in.
const FIRST_PREOPENED: i32 = 3;

pub(crate) fn preopened_listener() -> TcpListener {
    // SAFETY: the host opened this descriptor for us, and this is called once,
    // so nothing else owns it.
    unsafe { TcpListener::from_raw_fd(FIRST_PREOPENED) }
}
