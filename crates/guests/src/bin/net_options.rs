//! Socket options: a value that was set is returned, zero is refused, connections inherit the
//! options of their listener, and on WASI 0.1 the error names the version that has them.

use std::fmt::Debug;
use std::io::{self, ErrorKind};
use std::time::Duration;

use wasio::net::{TcpKeepalive, TcpListener, TcpStream, UdpSocket};
use wasio_guests::driver::{accept, expect_kind, say};

const SIZE: usize = 64 * 1024;

fn keepalive() -> TcpKeepalive {
    TcpKeepalive::new()
        .with_time(Duration::from_secs(70))
        .with_interval(Duration::from_secs(11))
        .with_retries(4)
}

fn main() {
    let mut listener = wasio_guests::listener();
    let first = accept(&mut listener);
    if cfg!(target_env = "p1") {
        return has_none(&listener, &first);
    }
    check_listener(&listener);
    // The test makes the next connection after that.
    say(&first, "set");
    let stream = accept(&mut listener);
    check_stream(&stream);
    let udp = UdpSocket::bind(([127, 0, 0, 1], 0).into()).expect("bind");
    buffers(
        |size| udp.set_recv_buffer_size(size),
        || udp.recv_buffer_size(),
    );
    buffers(
        |size| udp.set_send_buffer_size(size),
        || udp.send_buffer_size(),
    );
    #[cfg(target_env = "p2")]
    of_libc();
}

fn has_none(listener: &TcpListener, stream: &TcpStream) {
    fn none<T: Debug>(result: io::Result<T>) {
        let error = result.expect_err("WASI 0.1 has none");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("WASI 0.2"), "{error}");
    }
    none(listener.set_keepalive(true));
    none(listener.recv_buffer_size());
    none(stream.set_keepalive(true));
    none(stream.keepalive());
    none(stream.set_tcp_keepalive(&keepalive()));
    none(stream.tcp_keepalive_time());
    none(stream.tcp_keepalive_interval());
    none(stream.tcp_keepalive_retries());
    none(stream.set_recv_buffer_size(SIZE));
    none(stream.recv_buffer_size());
    none(stream.set_send_buffer_size(SIZE));
    none(stream.send_buffer_size());
}

fn check_listener(listener: &TcpListener) {
    assert!(!listener.keepalive().expect("ask"));
    listener.set_tcp_keepalive(&keepalive()).expect("set");
    assert!(listener.keepalive().expect("ask"));
    buffers(
        |size| listener.set_recv_buffer_size(size),
        || listener.recv_buffer_size(),
    );
    buffers(
        |size| listener.set_send_buffer_size(size),
        || listener.send_buffer_size(),
    );
}

fn check_stream(stream: &TcpStream) {
    // Inherited from the listener.
    assert!(stream.keepalive().expect("ask"));
    assert_eq!(
        stream.tcp_keepalive_time().expect("ask"),
        Duration::from_secs(70)
    );
    assert_eq!(
        stream.tcp_keepalive_interval().expect("ask"),
        Duration::from_secs(11)
    );
    assert_eq!(stream.tcp_keepalive_retries().expect("ask"), 4);
    // Rounded up; the other values are not changed.
    let millis = TcpKeepalive::new().with_time(Duration::from_millis(5500));
    stream.set_tcp_keepalive(&millis).expect("set");
    assert_eq!(
        stream.tcp_keepalive_time().expect("ask"),
        Duration::from_secs(6)
    );
    assert_eq!(stream.tcp_keepalive_retries().expect("ask"), 4);
    stream.set_keepalive(false).expect("set");
    assert!(!stream.keepalive().expect("ask"));
    let zero = TcpKeepalive::new().with_interval(Duration::ZERO);
    expect_kind(stream.set_tcp_keepalive(&zero), ErrorKind::InvalidInput);
    assert!(!stream.keepalive().expect("ask"), "nothing was set");
    let longest = TcpKeepalive::new().with_time(Duration::MAX);
    stream.set_tcp_keepalive(&longest).expect("set");
    buffers(
        |size| stream.set_recv_buffer_size(size),
        || stream.recv_buffer_size(),
    );
    buffers(
        |size| stream.set_send_buffer_size(size),
        || stream.send_buffer_size(),
    );
    stream.set_ttl(5).expect("set");
    assert_eq!(stream.ttl().expect("ask"), 5);
}

/// Linux doubles the requested value.
fn buffers(set: impl Fn(usize) -> io::Result<()>, get: impl Fn() -> io::Result<usize>) {
    for size in [SIZE, 2 * SIZE] {
        set(size).expect("set");
        let told = get().expect("ask");
        assert!(told >= size && told <= 4 * size, "{told} for {size}");
    }
    expect_kind(set(0), ErrorKind::InvalidInput);
}

/// On WASI 0.2 a socket of the standard library has none of these options.
#[cfg(target_env = "p2")]
fn of_libc() {
    let socket = std::net::UdpSocket::bind(("127.0.0.1", 0)).expect("bind");
    socket.set_nonblocking(true).expect("non-blocking");
    let socket = UdpSocket::from_std(socket);
    expect_kind(socket.recv_buffer_size(), ErrorKind::Unsupported);
    expect_kind(socket.set_send_buffer_size(SIZE), ErrorKind::Unsupported);
}
