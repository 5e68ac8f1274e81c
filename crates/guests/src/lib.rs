//! Helpers that the guest programs share: sockets on every target, and measurements.

use std::net::TcpListener;
#[cfg(target_env = "p1")]
use std::os::fd::AsRawFd;

#[allow(unsafe_code, reason = "an allocator cannot be had without")]
pub mod counting;
pub mod driver;
#[cfg(all(target_env = "p2", not(wasio_backend = "p3")))]
pub mod http;
#[cfg(target_env = "p1")]
pub mod oneoff;
#[cfg(target_env = "p1")]
#[allow(unsafe_code, reason = "the only door to the host")]
mod raw;
#[cfg(any(unix, target_os = "wasi"))]
pub mod stdin;
#[cfg(wasio_backend = "p3")]
pub mod waitables;

#[cfg(target_env = "p1")]
pub use raw::close;

/// Returns the next listener. On WASI 0.1 the host has opened it. Elsewhere this binds one, and
/// prints its address to standard output for the test.
///
/// # Panics
/// Panics if there is none, or if it cannot be bound.
#[must_use]
pub fn listener() -> wasio::net::TcpListener {
    #[cfg(target_env = "p1")]
    {
        let listener = wasio::net::TcpListener::preopened().expect("a listener in order");
        listener.expect("a listener from the host")
    }
    #[cfg(not(target_env = "p1"))]
    {
        let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = wasio::net::TcpListener::bind(any).expect("bind");
        announce(listener.local_addr().expect("the address of a listener"));
        listener
    }
}

/// Returns listener `index`, as a blocking listener of `std`. On WASI 0.1 the host has opened it.
/// Natively this binds one, and prints its address to standard output for the test.
///
/// # Panics
/// Panics if there is none, or if it cannot be bound.
#[must_use]
pub fn std_listener(index: u32) -> TcpListener {
    #[cfg(target_env = "p1")]
    {
        let listener = TcpListener::from(listener());
        assert_eq!(listener.as_raw_fd(), 3 + index.cast_signed(), "in order");
        listener.set_nonblocking(false).expect("make it blocking");
        listener
    }
    #[cfg(not(target_env = "p1"))]
    {
        let _ = index;
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("bind");
        announce(listener.local_addr().expect("the address of a listener"));
        listener
    }
}

/// Returns descriptor `index` of those that the host has opened, as a blocking stream of `std`.
///
/// # Panics
/// Panics if it was taken before, or if the host refuses to make it blocking.
#[cfg(target_env = "p1")]
#[must_use]
pub fn std_stream(index: u32) -> std::net::TcpStream {
    let stream = raw::handed_in_stream(index);
    stream.set_nonblocking(false).expect("make it blocking");
    stream
}

/// Prints the address of a listener. The test harness waits for this line.
#[cfg(not(target_env = "p1"))]
fn announce(addr: std::net::SocketAddr) {
    println!("listening {addr}");
}

/// Returns the fuel that this thread has consumed, or `None` if fuel is not counted.
#[must_use]
pub fn fuel_used() -> Option<u64> {
    #[cfg(target_env = "p1")]
    return raw::fuel_used();
    #[cfg(not(target_env = "p1"))]
    None
}

/// Returns the CPU time of this thread in nanoseconds, or `None` natively.
#[must_use]
pub fn cpu_ns() -> Option<u64> {
    #[cfg(target_env = "p1")]
    return raw::cpu_ns();
    #[cfg(not(target_env = "p1"))]
    None
}
