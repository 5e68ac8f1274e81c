//! The features that tokio has on Linux but not on WASI, on the same drop-in: Unix sockets, pipes,
//! processes, signals, UDP and threads.
#![cfg(target_os = "linux")]

use std::future::Future;
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use tokio::process::Command;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(20);

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(LIMIT, future).await.expect("it takes too long")
}

#[tokio::test]
async fn unix_streams_carry_megabytes_both_ways() {
    let path = std::env::temp_dir().join(format!("wasio-tokio-{}", std::process::id()));
    let listener = UnixListener::bind(&path).unwrap();
    let echo = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (mut reader, mut writer) = stream.into_split();
        tokio::io::copy(&mut reader, &mut writer).await.unwrap()
    });
    let stream = soon(UnixStream::connect(&path)).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let sent: Vec<u8> = (0..4_000_000_u32).map(|at| at.to_le_bytes()[1]).collect();
    let expected = sent.clone();
    let writing = tokio::spawn(async move { writer.write_all(&sent).await });
    let mut received = Vec::new();
    soon(reader.read_to_end(&mut received)).await.unwrap();
    writing.await.unwrap().unwrap();
    assert!(received == expected);
    assert_eq!(echo.await.unwrap(), expected.len() as u64);
}

/// After a short read tokio does not read again until the next event. So the event of the data must
/// also report the end of the stream, if it has already arrived.
#[tokio::test]
async fn the_end_right_behind_the_data_is_seen() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for _ in 0..50 {
        let peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        (&peer).write_all(b"all").unwrap();
        drop(peer);
        stream.set_nonblocking(true).unwrap();
        let mut stream = TcpStream::from_std(stream).unwrap();
        let mut received = Vec::new();
        soon(stream.read_to_end(&mut received)).await.unwrap();
        assert_eq!(received, b"all");
    }
}

#[tokio::test]
async fn unix_datagrams_come_whole() {
    let (one, other) = UnixDatagram::pair().unwrap();
    let sending = tokio::spawn(async move {
        // More than the socket can buffer.
        for number in 0..2000_u32 {
            one.send(&number.to_le_bytes()).await.unwrap();
        }
    });
    let mut buffer = [0; 8];
    for number in 0..2000_u32 {
        assert_eq!(soon(other.recv(&mut buffer)).await.unwrap(), 4);
        assert_eq!(buffer[..4], number.to_le_bytes());
    }
    sending.await.unwrap();
}

#[tokio::test]
async fn udp_datagrams_find_their_way() {
    let one = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    one.connect(other.local_addr().unwrap()).await.unwrap();
    let mut buffer = [0; 16];
    for message in [&b"one"[..], b"second"] {
        soon(one.send(message)).await.unwrap();
        let (read, from) = soon(other.recv_from(&mut buffer)).await.unwrap();
        assert_eq!(&buffer[..read], message);
        assert_eq!(from, one.local_addr().unwrap());
    }
}

#[tokio::test]
async fn a_pipe_blocks_its_writer_and_ends() {
    let (mut sender, mut receiver) = pipe::pipe().unwrap();
    let writing = tokio::spawn(async move { sender.write_all(&[7; 500_000]).await });
    let mut received = Vec::new();
    soon(receiver.read_to_end(&mut received)).await.unwrap();
    writing.await.unwrap().unwrap();
    assert!(received == vec![7; 500_000]);
}

#[tokio::test]
async fn async_fd_waits_for_a_descriptor_of_the_programs_own() {
    let (reader, mut writer) = io::pipe().unwrap();
    let path = format!("/proc/self/fd/{}", reader.as_raw_fd());
    // A second open file of the same pipe, so that only this one is non-blocking.
    let mut options = std::fs::OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::custom_flags(options.read(true), O_NONBLOCK);
    #[allow(
        deprecated,
        reason = "its successor is unsafe, for types that close early"
    )]
    let file = AsyncFd::new(options.open(path).unwrap()).unwrap();
    let read = async |buffer: &mut [u8]| {
        let operation = file.async_io(tokio::io::Interest::READABLE, |mut file| {
            io::Read::read(&mut file, buffer)
        });
        soon(operation).await.unwrap()
    };
    let mut buffer = [0; 8];
    for message in [&b"one"[..], b"two"] {
        let writing = tokio::task::spawn_blocking({
            let mut writer = writer.try_clone().unwrap();
            move || writer.write_all(message).unwrap()
        });
        assert_eq!(read(&mut buffer).await, 3);
        assert_eq!(&buffer[..3], message);
        writing.await.unwrap();
    }
    writer.flush().unwrap();
}

/// The value on x86-64 and AArch64.
const O_NONBLOCK: i32 = 0o4000;

#[tokio::test]
async fn a_child_process_talks_and_its_end_is_seen() {
    let mut child = Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let writing = tokio::spawn(async move {
        stdin.write_all(&[b'm'; 300_000]).await.unwrap();
    });
    let mut text = Vec::new();
    soon(stdout.read_to_end(&mut text)).await.unwrap();
    writing.await.unwrap();
    assert!(text == vec![b'm'; 300_000]);
    assert!(soon(child.wait()).await.unwrap().success());

    let mut shell = Command::new("sh");
    let shell = shell.args(["-c", "echo out; echo err >&2; exit 3"]);
    let output = soon(shell.output()).await.unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(
        (&*output.stdout, &*output.stderr),
        (&b"out\n"[..], &b"err\n"[..])
    );
}

#[tokio::test]
async fn a_child_that_is_killed_is_reaped() {
    let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
    assert!(
        timeout(Duration::from_millis(20), child.wait())
            .await
            .is_err()
    );
    child.start_kill().unwrap();
    assert!(!soon(child.wait()).await.unwrap().success());
}

#[tokio::test]
async fn signals_arrive() {
    let mut usr1 = signal(SignalKind::user_defined1()).unwrap();
    let me = std::process::id().to_string();
    for _ in 0..3 {
        let mut kill = Command::new("kill");
        let sent = soon(kill.args(["-USR1", &me]).status()).await.unwrap();
        assert!(sent.success());
        soon(usr1.recv()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_threads_share_the_driver() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let (mut reader, mut writer) = stream.split();
                tokio::io::copy(&mut reader, &mut writer).await
            });
        }
    });
    let clients: Vec<_> = (0..50_u8)
        .map(|client| {
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await.unwrap();
                for round in 0..50 {
                    let sent = [client ^ round; 3000];
                    stream.write_all(&sent).await.unwrap();
                    let mut received = [0; 3000];
                    stream.read_exact(&mut received).await.unwrap();
                    assert_eq!(received, sent);
                }
            })
        })
        .collect();
    for client in clients {
        soon(client).await.unwrap();
    }
}

/// The median is held to "at once"; a single wake may be late on a busy machine.
#[test]
fn a_task_of_another_thread_ends_the_wait_of_the_driver() {
    const ROUNDS: usize = 15;
    let waits = Arc::new(AtomicUsize::new(0));
    let begun = Arc::clone(&waits);
    let runtime = Builder::new_current_thread()
        .enable_all()
        .on_thread_park(move || {
            begun.fetch_add(1, Ordering::Relaxed);
        })
        .build()
        .unwrap();
    let mut delays: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let (sender, receiver) = tokio::sync::oneshot::channel();
            let (before, waits) = (waits.load(Ordering::Relaxed), Arc::clone(&waits));
            let thread = std::thread::spawn(move || {
                while waits.load(Ordering::Relaxed) == before {
                    std::thread::yield_now();
                }
                sender.send(Instant::now()).unwrap();
            });
            let sent = runtime.block_on(async { soon(receiver).await.unwrap() });
            let delay = sent.elapsed();
            thread.join().unwrap();
            delay
        })
        .collect();
    delays.sort_unstable();
    let (median, longest) = (delays[ROUNDS / 2], delays[ROUNDS - 1]);
    assert!(median < Duration::from_millis(10), "{delays:?}");
    assert!(longest < Duration::from_secs(2), "{delays:?}");
}

#[tokio::test]
async fn a_connection_that_is_refused_is_an_error() {
    // Nothing listens there, and no other program gets the port of a connection.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listening = listener.local_addr().unwrap();
    let taken = soon(TcpStream::connect(listening)).await.unwrap();
    let closed = taken.local_addr().unwrap();
    let error = soon(TcpStream::connect(closed)).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}

/// The thread has a poll of its own beside it, in which nobody waits.
#[test]
fn a_name_is_awaited_in_a_runtime_with_workers() {
    let workers = Builder::new_multi_thread().enable_all().build().unwrap();
    let idle = Builder::new_current_thread().enable_all().build().unwrap();
    let name = || async {
        let mut found = soon(wasio_tokio::lookup_host("localhost:80"))
            .await
            .unwrap();
        assert!(found.next().is_some());
    };
    workers.block_on(name());
    workers.block_on(async { tokio::spawn(name()).await.unwrap() });
    drop(idle);
}
