//! The load client, against servers of std that are right and wrong.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::time::Duration;

use wasio_host::peer::load::{Load, Progress};

/// Serves each connection on a thread of its own, which ends with it.
fn server(serve: fn(TcpStream) -> io::Result<()>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // A reset is an error of its own connection.
            std::thread::spawn(move || stream.and_then(serve));
        }
    });
    addr
}

fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 8192];
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..count])?;
    }
}

fn small(connections: usize) -> Load {
    Load {
        connections,
        messages: 10,
        timeout: Duration::from_secs(30),
        ..Load::default()
    }
}

#[test]
fn every_byte_comes_back_from_a_right_server() {
    let load = Load {
        slow_readers: 3,
        half_closes: 4,
        resets: 5,
        ..small(32)
    };
    let mut crowd = load.connect(server(echo)).unwrap();
    assert_eq!(crowd.open(), 32);
    let last = Rc::new(Cell::new(Progress::default()));
    let seen = Rc::clone(&last);
    let report = crowd.run(move |progress| seen.set(*progress));
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!((report.connections, report.failed), (32, 0));
    assert_eq!(last.get(), report.done);
    // Connections that reset stop before their tenth message.
    let messages = report.done.messages;
    assert!((270..320).contains(&messages), "{messages}");
    assert!(report.done.bytes > messages * 20_000, "{:?}", report.done);
    let plain = report.latency_ns.len();
    assert!((200..250).contains(&plain), "{plain}");
    assert!(report.latency_ns.min() > 1000);
    assert!(
        report.cpu > Duration::ZERO && report.cpu <= report.elapsed + Duration::from_millis(50)
    );
    // Plain connections and slow readers are still open, and play again.
    assert_eq!(crowd.open(), 23);
    let again = crowd.run(|_| {});
    assert_eq!((again.done.messages, again.failed), (230, 0));
}

#[test]
fn wrong_byte_is_found() {
    let addr = server(|mut stream| {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        byte[0] ^= 1;
        stream.write_all(&byte)?;
        echo(stream)
    });
    let report = small(3).connect(addr).unwrap().run(|_| {});
    assert_eq!((report.connections, report.failed), (0, 3));
    assert!(
        report.failures[0].contains("wrong bytes"),
        "{:?}",
        report.failures
    );
}

#[test]
fn missing_byte_is_found() {
    let addr = server(|mut stream| {
        let mut bytes = [0; 1000];
        stream.read_exact(&mut bytes)?;
        stream.write_all(&bytes[..999])
    });
    let load = Load {
        sizes: 1000..=1000,
        ..small(2)
    };
    let report = load.connect(addr).unwrap().run(|_| {});
    assert_eq!(report.failed, 2, "{report:?}");
}

#[test]
fn byte_too_many_is_found_at_the_end() {
    let addr = server(|mut stream| {
        echo(stream.try_clone()?)?;
        stream.write_all(b"!")
    });
    let load = Load {
        half_closes: 2,
        ..small(2)
    };
    let report = load.connect(addr).unwrap().run(|_| {});
    assert_eq!(report.failed, 2);
    assert!(
        report.failures[0].contains("more bytes"),
        "{:?}",
        report.failures
    );
}

#[test]
fn silent_server_is_a_failure_in_time() {
    let addr = server(|mut stream| io::copy(&mut stream, &mut io::sink()).map(drop));
    let load = Load {
        timeout: Duration::from_millis(200),
        ..small(2)
    };
    let report = load.connect(addr).unwrap().run(|_| {});
    assert_eq!(report.failed, 2);
    assert!(
        report.elapsed >= Duration::from_millis(200),
        "{:?}",
        report.elapsed
    );
    assert!(
        report.elapsed < Duration::from_secs(10),
        "{:?}",
        report.elapsed
    );
}
