//! Options of sockets on WASI 0.1: it has none.

use std::io;
use std::time::Duration;

use crate::net::TcpKeepalive;

macro_rules! unsupported {
    ($($name:ident($($argument:ty),*) -> $result:ty;)*) => {$(
        pub(crate) fn $name<S>(_socket: &S, $(_: $argument),*) -> io::Result<$result> {
            Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "WASI 0.1 has no socket options: build for WASI 0.2 (target `wasm32-wasip2`)",
            ))
        }
    )*};
}

unsupported! {
    set_keepalive(bool) -> ();
    keepalive() -> bool;
    set_tcp_keepalive(&TcpKeepalive) -> ();
    tcp_keepalive_time() -> Duration;
    tcp_keepalive_interval() -> Duration;
    tcp_keepalive_retries() -> u32;
    set_recv_buffer_size(usize) -> ();
    recv_buffer_size() -> usize;
    set_send_buffer_size(usize) -> ();
    send_buffer_size() -> usize;
}
