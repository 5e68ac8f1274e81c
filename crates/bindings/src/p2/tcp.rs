//! `wasi:sockets/tcp` and `wasi:sockets/tcp-create-socket`.

use core::mem::offset_of;
use core::net::SocketAddr;

use super::io::{InputStream, OutputStream, subscribe};
use super::network::{NetResult, Network, SocketResult, net_result};
use crate::address::Address;
use crate::{address_methods, create_socket, methods, resource};

super::described!();

resource!(
    /// `wasi:sockets/tcp.tcp-socket`.
    pub TcpSocket, "[resource-drop]tcp-socket" in "wasi:sockets/tcp@0.2.12"
);

create_socket!(
    pub TcpSocket = "create-tcp-socket" in "wasi:sockets/tcp-create-socket@0.2.12"
);

subscribe!(TcpSocket, "[method]tcp-socket.subscribe" in "wasi:sockets/tcp@0.2.12");

address_methods!(TcpSocket, in "wasi:sockets/tcp@0.2.12" {
    pub fn start_bind(network: &Network) = "[method]tcp-socket.start-bind";
    pub fn start_connect(network: &Network) = "[method]tcp-socket.start-connect";
});

methods!(TcpSocket, in "wasi:sockets/tcp@0.2.12" {
    pub fn finish_bind() -> Result<()> = "[method]tcp-socket.finish-bind";
    fn connected() -> Result<Connected> = "[method]tcp-socket.finish-connect";
    pub fn start_listen() -> Result<()> = "[method]tcp-socket.start-listen";
    pub fn finish_listen() -> Result<()> = "[method]tcp-socket.finish-listen";
    fn accepted() -> Result<Accepted> = "[method]tcp-socket.accept";
    fn local() -> Result<Address> = "[method]tcp-socket.local-address";
    fn remote() -> Result<Address> = "[method]tcp-socket.remote-address";
    pub fn set_listen_backlog_size(size: u64) -> Result<()>
        = "[method]tcp-socket.set-listen-backlog-size";
    pub fn keep_alive_enabled() -> Result<bool> = "[method]tcp-socket.keep-alive-enabled";
    pub fn set_keep_alive_enabled(is_enabled: bool) -> Result<()>
        = "[method]tcp-socket.set-keep-alive-enabled";
    pub fn keep_alive_idle_time() -> Result<u64> = "[method]tcp-socket.keep-alive-idle-time";
    pub fn set_keep_alive_idle_time(time_ns: u64) -> Result<()>
        = "[method]tcp-socket.set-keep-alive-idle-time";
    pub fn keep_alive_interval() -> Result<u64> = "[method]tcp-socket.keep-alive-interval";
    pub fn set_keep_alive_interval(interval_ns: u64) -> Result<()>
        = "[method]tcp-socket.set-keep-alive-interval";
    pub fn keep_alive_count() -> Result<u32> = "[method]tcp-socket.keep-alive-count";
    pub fn set_keep_alive_count(count: u32) -> Result<()>
        = "[method]tcp-socket.set-keep-alive-count";
    pub fn hop_limit() -> Result<u8> = "[method]tcp-socket.hop-limit";
    pub fn set_hop_limit(limit: u8) -> Result<()> = "[method]tcp-socket.set-hop-limit";
    pub fn receive_buffer_size() -> Result<u64> = "[method]tcp-socket.receive-buffer-size";
    pub fn set_receive_buffer_size(size: u64) -> Result<()>
        = "[method]tcp-socket.set-receive-buffer-size";
    pub fn send_buffer_size() -> Result<u64> = "[method]tcp-socket.send-buffer-size";
    pub fn set_send_buffer_size(size: u64) -> Result<()>
        = "[method]tcp-socket.set-send-buffer-size";
    pub fn shutdown(what: ShutdownType) -> Result<()> = "[method]tcp-socket.shutdown";
});

/// What `finish-connect` returns.
#[repr(C)]
struct Connected {
    input: InputStream,
    output: OutputStream,
}

/// What `accept` returns.
#[repr(C)]
struct Accepted {
    socket: TcpSocket,
    input: InputStream,
    output: OutputStream,
}

/// `wasi:sockets/tcp.shutdown-type`.
#[derive(Copy, Clone, Debug)]
#[repr(u8)]
pub enum ShutdownType {
    Receive,
    Send,
    Both,
}

impl TcpSocket {
    pub fn finish_connect(&self) -> SocketResult<(InputStream, OutputStream)> {
        let Connected { input, output } = self.connected()?;
        Ok((input, output))
    }

    pub fn accept(&self) -> SocketResult<(Self, InputStream, OutputStream)> {
        let Accepted {
            socket,
            input,
            output,
        } = self.accepted()?;
        Ok((socket, input, output))
    }

    pub fn local_address(&self) -> SocketResult<SocketAddr> {
        self.local().map(SocketAddr::from)
    }

    pub fn remote_address(&self) -> SocketResult<SocketAddr> {
        self.remote().map(SocketAddr::from)
    }
}

const _: () = {
    assert!(offset_of!(Connected, output) == 4 && offset_of!(Accepted, input) == 4);
    assert!(offset_of!(Accepted, output) == 8 && size_of::<Accepted>() == 12);
};
