//! Unix sockets and pipes.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use mio::Interest;
use mio::event::Event;
use mio::net::{UnixDatagram, UnixListener, UnixStream};
use mio::unix::pipe;

use super::{BOTH, Loop, assert_would_block, drain, fill};

/// A path for a socket that is removed at the end.
struct SocketPath(PathBuf);

impl SocketPath {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("wasio-mio-{}-{next}", process::id());
        Self(env::temp_dir().join(name))
    }
}

impl Drop for SocketPath {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Whether the events say more than that an operation is worth a try. Those of kqueue do not.
const EVENTS_SAY_MORE: bool = cfg!(any(target_os = "linux", target_os = "android"));

fn says_read_closed(event: &Event) -> bool {
    if EVENTS_SAY_MORE {
        event.is_read_closed()
    } else {
        event.is_readable()
    }
}

fn says_error(event: &Event) -> bool {
    if EVENTS_SAY_MORE {
        event.is_error()
    } else {
        event.is_writable()
    }
}

fn talk(waiting: &mut Loop, mut listener: UnixListener, mut client: UnixStream) {
    waiting.register(&mut listener, 1, Interest::READABLE);
    waiting.register(&mut client, 2, BOTH);
    waiting.wait(1, |event| event.is_readable());
    let (mut server, _) = listener.accept().unwrap();
    assert_would_block(listener.accept());
    waiting.register(&mut server, 3, Interest::READABLE);
    client.write_all(b"ping").unwrap();
    waiting.wait(3, |event| event.is_readable());
    assert_eq!(drain(&server), b"ping");
    server.write_all(b"pong").unwrap();
    waiting.wait(2, |event| event.is_readable());
    assert_eq!(drain(&client), b"pong");
    server.shutdown(Shutdown::Both).unwrap();
    waiting.wait(2, |event| event.is_readable());
    assert_eq!(client.read(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn streams_connect_by_path() {
    let path = SocketPath::new();
    let listener = UnixListener::bind(&path.0).unwrap();
    let address = listener.local_addr().unwrap();
    assert_eq!(address.as_pathname(), Some(&*path.0));
    assert_would_block(listener.accept());
    let client = UnixStream::connect(&path.0).unwrap();
    let peer = client.peer_addr().unwrap();
    assert_eq!(peer.as_pathname(), Some(&*path.0));
    talk(&mut Loop::new(), listener, client);
}

#[cfg(target_os = "linux")]
#[test]
fn streams_connect_by_abstract_name() {
    use std::os::linux::net::SocketAddrExt;

    let name = format!("wasio-mio-{}", process::id());
    let address = SocketAddr::from_abstract_name(name).unwrap();
    let listener = UnixListener::bind_addr(&address).unwrap();
    let client = UnixStream::connect_addr(&address).unwrap();
    talk(&mut Loop::new(), listener, client);
}

#[test]
fn a_path_that_nobody_listens_on_is_an_error() {
    let path = SocketPath::new();
    let error = UnixStream::connect(&path.0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn an_address_with_no_name_is_an_error() {
    let (one, _other) = UnixStream::pair().unwrap();
    let unnamed: SocketAddr = one.local_addr().unwrap();
    let error = UnixStream::connect_addr(&unnamed).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn datagrams_keep_their_bounds() {
    let path = SocketPath::new();
    let mut waiting = Loop::new();
    let mut receiver = UnixDatagram::bind(&path.0).unwrap();
    waiting.register(&mut receiver, 1, Interest::READABLE);
    let sender = UnixDatagram::unbound().unwrap();
    assert_eq!(sender.send_to(b"one", &path.0).unwrap(), 3);
    sender.connect(&path.0).unwrap();
    assert_eq!(sender.send(b"second").unwrap(), 6);
    waiting.wait(1, |event| event.is_readable());
    let mut buffer = [0; 16];
    assert_eq!(receiver.recv_from(&mut buffer).unwrap().0, 3);
    assert_eq!(receiver.recv(&mut buffer).unwrap(), 6);
    assert_would_block(receiver.recv(&mut buffer));
}

#[test]
fn a_pipe_wakes_each_end() {
    let mut waiting = Loop::new();
    let (mut sender, mut receiver) = pipe::new().unwrap();
    waiting.register(&mut sender, 1, Interest::WRITABLE);
    waiting.register(&mut receiver, 2, Interest::READABLE);
    waiting.wait(1, |event| event.is_writable());
    let filled = fill(&sender);
    waiting.wait(2, |event| event.is_readable());
    assert_eq!(drain(&receiver).len(), filled);
    waiting.wait(1, |event| event.is_writable());
    drop(sender);
    waiting.wait(2, says_read_closed);
    assert_eq!(receiver.read(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn a_sender_whose_receiver_is_gone_is_told() {
    let mut waiting = Loop::new();
    let (mut sender, receiver) = pipe::new().unwrap();
    waiting.register(&mut sender, 1, Interest::WRITABLE);
    waiting.wait(1, |event| event.is_writable());
    drop(receiver);
    waiting.wait(1, says_error);
    let error = sender.write(b"x").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}

#[test]
fn the_streams_of_a_child_are_sources() {
    let mut child = Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut sender = pipe::Sender::from(child.stdin.take().unwrap());
    let mut receiver = pipe::Receiver::from(child.stdout.take().unwrap());
    let errors = pipe::Receiver::from(child.stderr.take().unwrap());
    sender.set_nonblocking(true).unwrap();
    receiver.set_nonblocking(true).unwrap();
    errors.set_nonblocking(true).unwrap();

    let mut waiting = Loop::new();
    waiting.register(&mut receiver, 1, Interest::READABLE);
    assert_would_block(receiver.try_io(|| (&receiver).read(&mut [0; 8])));
    sender.write_all(b"meow").unwrap();
    waiting.wait(1, |event| event.is_readable());
    assert_eq!(drain(&receiver), b"meow");
    drop(sender);
    waiting.wait(1, says_read_closed);
    assert_eq!(receiver.read(&mut [0; 8]).unwrap(), 0);
    assert!(child.wait().unwrap().success());
    assert_eq!(drain(&errors), b"");
}

/// Linux says `EPOLLERR` and nothing else where the pipe has no room.
#[cfg(target_os = "linux")]
#[test]
fn a_pipe_that_nobody_reads_any_more_is_write_closed() {
    for is_full in [false, true] {
        let mut waiting = Loop::new();
        let (mut sender, receiver) = pipe::new().unwrap();
        if is_full {
            fill(&sender);
        }
        waiting.register(&mut sender, 1, Interest::WRITABLE);
        drop(receiver);
        waiting.wait(1, |event| event.is_write_closed() && event.is_error());
        let error = sender.write(b"x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    }
}

/// wasio does not see the operations on a `SourceFd`, so an error may not disarm it for good.
#[test]
#[cfg(target_os = "linux")]
fn a_descriptor_that_had_an_error_is_reported_again() {
    use std::net::UdpSocket;
    use std::os::fd::AsRawFd;

    use mio::unix::SourceFd;

    // No other test has a port of this address.
    let closed = UdpSocket::bind("127.64.0.1:0").unwrap();
    let theirs = closed.local_addr().unwrap();
    drop(closed);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let ours = socket.local_addr().unwrap();
    socket.connect(theirs).unwrap();
    socket.set_nonblocking(true).unwrap();
    let mut waiting = Loop::new();
    waiting.register(&mut SourceFd(&socket.as_raw_fd()), 1, Interest::READABLE);

    socket.send(b"refused").unwrap();
    waiting.wait(1, |event| event.is_error() || event.is_readable());
    let error = socket.recv(&mut [0; 8]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert_would_block(socket.recv(&mut [0; 8]));

    let peer = UdpSocket::bind(theirs).unwrap();
    peer.send_to(b"hello", ours).unwrap();
    waiting.wait(1, |event| event.is_readable());
    assert_eq!(socket.recv(&mut [0; 8]).unwrap(), 5);
}
