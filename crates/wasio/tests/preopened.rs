//! Listeners that the process was started with.
#![cfg(all(unix, feature = "net"))]

mod util;

use std::io::Read;
use std::net;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Barrier;
use std::thread;

use util::child::{assert_passes, is_inside, shell};
use util::{assert_would_block, bounded, one_event};
use wasio::net::TcpListener;
use wasio::{Events, Interest, Poll, Token};

#[test]
fn there_is_none_unless_the_variables_name_this_process() {
    const TEST: &str = "there_is_none_unless_the_variables_name_this_process";
    if is_inside() {
        return bounded(|| assert!(TcpListener::preopened().unwrap().is_none()));
    }
    for variables in [
        "unset LISTEN_PID LISTEN_FDS",
        // Those of the process that started us.
        "export LISTEN_PID=$PPID LISTEN_FDS=1",
        "export LISTEN_PID=$$; unset LISTEN_FDS",
        "export LISTEN_PID=$$ LISTEN_FDS=0",
        "export LISTEN_PID=$$ LISTEN_FDS=-1",
        "export LISTEN_PID=x LISTEN_FDS=x",
        "export LISTEN_PID=$$ LISTEN_FDS=99999999999",
    ] {
        let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut command = shell(TEST, &format!(r#"{variables}; exec "$0" "$@" 3<&0"#));
        command.stdin(OwnedFd::from(listener));
        assert_passes(command);
    }
}

#[test]
fn what_is_not_a_listener_of_tcp_is_passed_over_and_left_open() {
    const TEST: &str = "what_is_not_a_listener_of_tcp_is_passed_over_and_left_open";
    if is_inside() {
        return bounded(|| {
            // 3 is /dev/null, 4 and 6 are the listener, 5 is not open, 7 is a pipe.
            for descriptor in [4, 6] {
                let listener = TcpListener::preopened().unwrap().unwrap();
                assert_eq!(listener.as_raw_fd(), descriptor);
                assert_would_block(listener.accept());
                std::mem::forget(listener);
            }
            assert!(TcpListener::preopened().unwrap().is_none());
            assert!(TcpListener::preopened().unwrap().is_none());
            for descriptor in [3, 4, 6, 7] {
                let path = format!("/dev/fd/{descriptor}");
                assert!(
                    std::fs::symlink_metadata(&path).is_ok(),
                    "{path} was closed"
                );
            }
        });
    }
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let script = "export LISTEN_PID=$$ LISTEN_FDS=200; \
                  exec \"$0\" \"$@\" 3</dev/null 4<&0 5<&- 6<&0 7>&1";
    let mut command = shell(TEST, script);
    command.stdin(OwnedFd::from(listener));
    assert_passes(command);
}

#[test]
fn no_other_kind_of_socket_is_taken_for_a_listener() {
    const TEST: &str = "no_other_kind_of_socket_is_taken_for_a_listener";
    if is_inside() {
        return bounded(|| assert!(TcpListener::preopened().unwrap().is_none()));
    }
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let path = std::env::temp_dir().join(format!("wasio-preopened-{}", std::process::id()));
    let local = UnixListener::bind(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    for socket in [
        OwnedFd::from(local),
        OwnedFd::from(UnixStream::pair().unwrap().0),
        OwnedFd::from(net::UdpSocket::bind("127.0.0.1:0").unwrap()),
        OwnedFd::from(net::TcpStream::connect(listener.local_addr().unwrap()).unwrap()),
        // These two have no peer, as a listener has none.
        #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
        OwnedFd::from(reset(&listener)),
        #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
        OwnedFd::from(bound()),
    ] {
        let script = "export LISTEN_PID=$$ LISTEN_FDS=1; exec \"$0\" \"$@\" 3<&0";
        let mut command = shell(TEST, script);
        command.stdin(socket);
        assert_passes(command);
    }
}

/// A connection that its peer has reset.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn reset(listener: &net::TcpListener) -> net::TcpStream {
    let mut stream = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let peer = loop {
        let (peer, address) = listener.accept().unwrap();
        if address == stream.local_addr().unwrap() {
            break peer;
        }
    };
    socket2::SockRef::from(&peer)
        .set_linger(Some(std::time::Duration::ZERO))
        .unwrap();
    drop(peer);
    stream.read(&mut [0]).unwrap_err();
    stream.peer_addr().unwrap_err();
    stream
}

/// A socket that has an address and does not listen.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn bound() -> socket2::Socket {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let any = net::SocketAddr::from(([127, 0, 0, 1], 0));
    socket.bind(&any.into()).unwrap();
    socket
}

#[test]
fn what_the_program_opened_itself_is_never_handed_out() {
    const TEST: &str = "what_the_program_opened_itself_is_never_handed_out";
    if is_inside() {
        return bounded(|| {
            // 3 and 5 are the listener, 4 is free, and the variables speak of 64.
            let listen = || net::TcpListener::bind("127.0.0.1:0").unwrap();
            let before = [listen(), listen()];
            assert!(before.iter().any(|own| own.as_raw_fd() == 4), "{before:?}");
            let first = TcpListener::preopened().unwrap().unwrap();
            assert_eq!(first.as_raw_fd(), 3);
            let after = [listen(), listen()];
            let second = TcpListener::preopened().unwrap().unwrap();
            assert_eq!(second.as_raw_fd(), 5);
            assert!(TcpListener::preopened().unwrap().is_none());

            // The numbers of what was handed out and closed are used again.
            drop((first, second));
            let again = [listen(), listen()];
            assert!(again.iter().any(|own| own.as_raw_fd() == 3), "{again:?}");
            assert!(TcpListener::preopened().unwrap().is_none());
            drop((before, after));
        });
    }
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let script = "export LISTEN_PID=$$ LISTEN_FDS=64; exec \"$0\" \"$@\" 3<&0 4<&- 5<&0";
    let mut command = shell(TEST, script);
    command.stdin(OwnedFd::from(listener));
    assert_passes(command);
}

#[test]
fn threads_that_race_get_each_listener_once() {
    const TEST: &str = "threads_that_race_get_each_listener_once";
    if is_inside() {
        return bounded(|| {
            let take_all = || {
                let next = || TcpListener::preopened().unwrap();
                std::iter::from_fn(next).collect::<Vec<_>>()
            };
            let taken: Vec<_> = thread::scope(|scope| {
                let threads: Vec<_> = (0..4).map(|_| scope.spawn(take_all)).collect();
                let joined = threads.into_iter().map(|thread| thread.join().unwrap());
                joined.flatten().collect()
            });
            let mut numbers: Vec<_> = taken.iter().map(AsRawFd::as_raw_fd).collect();
            numbers.sort_unstable();
            assert_eq!(numbers, [3, 4, 5]);
        });
    }
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let script = "export LISTEN_PID=$$ LISTEN_FDS=3; exec \"$0\" \"$@\" 3<&0 4<&0 5<&0";
    let mut command = shell(TEST, script);
    command.stdin(OwnedFd::from(listener));
    assert_passes(command);
}

#[test]
fn a_listener_that_was_handed_in_accepts() {
    const TEST: &str = "a_listener_that_was_handed_in_accepts";
    if is_inside() {
        return bounded(|| {
            let mut listener = TcpListener::preopened().unwrap().unwrap();
            let mut poll = Poll::new().unwrap();
            let mut events = Events::with_capacity(8);
            poll.registry()
                .register(&mut listener, Token(0), Interest::READABLE)
                .unwrap();
            let client = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            assert!(one_event(&mut poll, &mut events).is_readable());
            let (mut stream, peer) = listener.accept().unwrap();
            assert_eq!(peer, client.local_addr().unwrap());
            assert_would_block(stream.read(&mut [0; 8]));
            // A blocking listener would hang here.
            assert_would_block(listener.accept());
        });
    }
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let script = "export LISTEN_PID=$$ LISTEN_FDS=1; exec \"$0\" \"$@\" 3<&0";
    let mut command = shell(TEST, script);
    command.stdin(OwnedFd::from(listener));
    assert_passes(command);
}

#[test]
fn threads_that_ask_at_once_get_each_listener_once() {
    const TEST: &str = "threads_that_ask_at_once_get_each_listener_once";
    const THREADS: usize = 4;
    if is_inside() {
        return bounded(|| {
            let start = Barrier::new(THREADS);
            let take_all = || {
                start.wait();
                let mut numbers = Vec::new();
                while let Some(listener) = TcpListener::preopened().unwrap() {
                    numbers.push(listener.as_raw_fd());
                    std::mem::forget(listener);
                }
                numbers
            };
            let mut taken: Vec<_> = thread::scope(|scope| {
                let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(take_all)).collect();
                let taken = threads.into_iter().flat_map(|one| one.join().unwrap());
                taken.collect()
            });
            taken.sort_unstable();
            // A single digit is all that a shell must be able to redirect.
            assert_eq!(taken, [3, 5, 7, 9]);
        });
    }
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let script = "export LISTEN_PID=$$ LISTEN_FDS=7; \
                  exec \"$0\" \"$@\" 3<&0 4</dev/null 5<&0 6<&- 7<&0 8</dev/null 9<&0";
    let mut command = shell(TEST, script);
    command.stdin(OwnedFd::from(listener));
    assert_passes(command);
}
