//! What the guest programs share: a listener on every target, and measures.

use std::net::TcpListener;

pub mod driver;
#[cfg(target_env = "p2")]
pub mod http;
#[cfg(target_env = "p1")]
pub mod oneoff;
#[cfg(target_env = "p1")]
#[allow(unsafe_code, reason = "the only door to the host")]
mod raw;

/// The next listener that the test gives this guest. On WASI 0.1 the host hands
/// it in; elsewhere this binds it and tells the test where, on standard output.
///
/// # Panics
/// If there is none, or it cannot be bound.
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

/// A listener of `std`, blocking: number `index` of those that the test asked
/// for. On WASI 0.1 the host hands it in; natively this binds it and tells the
/// test where, on standard output.
///
/// # Panics
/// If there is none, or it cannot be bound.
#[must_use]
pub fn std_listener(index: u32) -> TcpListener {
    #[cfg(target_env = "p1")]
    {
        let listener = raw::preopened_listener(index);
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

/// A stream of `std`, blocking: number `index` of the descriptors that the host
/// hands in.
///
/// # Panics
/// If the host refuses to make it blocking.
#[cfg(target_env = "p1")]
#[must_use]
pub fn std_stream(index: u32) -> std::net::TcpStream {
    let stream = raw::preopened_stream(index);
    stream.set_nonblocking(false).expect("make it blocking");
    stream
}

/// Closes a descriptor that somebody else owns: what a buggy program does.
#[cfg(target_env = "p1")]
pub fn close(descriptor: i32) {
    raw::close(descriptor);
}

/// Tells the test where a listener listens: the harness looks for these lines.
#[cfg(not(target_env = "p1"))]
fn announce(addr: std::net::SocketAddr) {
    println!("listening {addr}");
}

/// Fuel that this thread has consumed; `None` where none is counted.
#[must_use]
pub fn fuel_used() -> Option<u64> {
    #[cfg(target_env = "p1")]
    return raw::fuel_used();
    #[cfg(not(target_env = "p1"))]
    None
}

/// CPU time of this thread in nanoseconds; `None` natively.
#[must_use]
pub fn cpu_ns() -> Option<u64> {
    #[cfg(target_env = "p1")]
    return raw::cpu_ns();
    #[cfg(not(target_env = "p1"))]
    None
}
