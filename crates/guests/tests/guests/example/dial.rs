//! The examples that look names up, connect and send datagrams.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::time::Duration;

use wasio_host::peer::{self, Pattern};
use wasio_host::{Exit, Stdin};

use crate::harness::{Case, Host, skip};
use crate::talk::{hear, say};

/// On WASI 0.1 a program that needs more ends with the words that say so.
fn is_refused_on_01(case: &Case, args: &[&str]) -> bool {
    if !matches!(case.host(), Host::Sockets01 | Host::Threads01) {
        return false;
    }
    let outcome = case.setup().args(args).start().outcome();
    assert_eq!(outcome.exit, Exit::Code(1));
    let text = outcome.stderr_text().into_owned();
    assert!(text.contains("WASI 0.2"), "{text}");
    true
}

pub(crate) fn udp_echo(case: &Case) {
    if is_refused_on_01(case, &[]) {
        return;
    }
    let guest = case.setup().listeners(1).start();
    let peers = [(); 3].map(|()| {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
        socket.connect(guest.addr(0)).unwrap();
        let patience = Some(Duration::from_secs(20));
        socket.set_read_timeout(patience).unwrap();
        socket
    });
    let mut pattern = Pattern::new(1);
    let mut buffer = vec![0; 65_535];
    for len in [1, 1200, 0, 9000, 60_000, 17] {
        // All are under way at once, and each gets its own back.
        let sent = [(); 3].map(|()| pattern.take(len));
        for (socket, datagram) in peers.iter().zip(&sent) {
            assert_eq!(socket.send(datagram).unwrap(), len);
        }
        for (socket, datagram) in peers.iter().zip(&sent) {
            let len = socket.recv(&mut buffer).unwrap();
            assert!(buffer[..len] == datagram[..], "{len} bytes");
        }
    }
}

/// It finds the address that answers, and says what is wrong where none does.
pub(crate) fn dns_and_dial(case: &Case) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    if is_refused_on_01(case, &["localhost", &port]) {
        return;
    }
    let dial = |name: &str, port: &str| case.setup().args(&[name, port]).start();
    let guest = dial("localhost", &port);
    let (mut stream, _) = listener.accept().unwrap();
    let mut heard = String::new();
    stream.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "hello\n");
    stream.write_all(b"good day\n").unwrap();
    drop(stream);
    let outcome = guest.succeeds();
    let text = outcome.stdout_text();
    assert!(text.starts_with("localhost has "), "{text}");
    let end = format!("127.0.0.1:{port}: connected\ngood day\n");
    assert!(text.ends_with(&end), "{text}");

    // Nobody listens there. (A port that was free a moment ago may be that of another test now.)
    let outcome = dial("localhost", "1").outcome();
    assert_eq!(outcome.exit, Exit::Code(1));
    let (said, wrong) = (outcome.stdout_text(), outcome.stderr_text());
    assert!(said.to_lowercase().contains("refused"), "{said}");
    assert!(wrong.contains("no address of localhost answers"), "{wrong}");

    for (name, reason) in [
        ("no-such-host.invalid", "\"no-such-host.invalid\""),
        ("a b", "' '"),
    ] {
        let outcome = dial(name, "80").outcome();
        assert_eq!(outcome.exit, Exit::Code(1));
        let wrong = outcome.stderr_text();
        assert!(wrong.contains(reason), "{wrong}");
    }
}

/// Each of its sources is served while another one waits: the response's body is in the middle.
pub(crate) fn everything(case: &Case) {
    if !case.host().is_component() || case.host().is_03() {
        skip("it calls WASI 0.2 itself, and waits for its pollables");
    }
    let server = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let authority = server.local_addr().unwrap().to_string();
    let setup = case.setup().listeners(1).arg(authority).stdin(Stdin::Pipe);
    let mut guest = setup.start();
    let mut stdin = guest.take_stdin().unwrap();
    guest.expect_in_stdout("localhost is ");

    let (mut request, _) = server.accept().unwrap();
    let mut head = BufReader::new(&request).lines();
    assert_eq!(head.next().unwrap().unwrap(), "GET / HTTP/1.1");
    while !head.next().unwrap().unwrap().is_empty() {}
    let body = ["first part\n", "second part\n"];
    let len = body.concat().len();
    write!(request, "HTTP/1.1 200 OK\r\ncontent-length: {len}\r\n\r\n").unwrap();
    guest.expect_in_stdout("response: 200\n");
    request.write_all(body[0].as_bytes()).unwrap();
    guest.expect_in_stdout(body[0]);

    let connections = [(); 3].map(|()| peer::connect(guest.addr(0)).unwrap());
    for round in 0..10 {
        let line = format!("line {round}\n");
        for connection in &connections {
            say(connection, &line);
            hear(connection, &line);
        }
        stdin.write_all(line.as_bytes()).unwrap();
        guest.expect_in_stdout(&format!("input: {line}"));
    }
    request.write_all(body[1].as_bytes()).unwrap();
    guest.expect_in_stdout(&format!("{}end of the body after {len} bytes\n", body[1]));

    drop(stdin);
    let outcome = guest.succeeds();
    let text = outcome.stdout_text();
    let last = text.lines().last().unwrap();
    let numbers: Vec<u64> = (last.split(' '))
        .filter_map(|word| word.parse().ok())
        .collect();
    let [ticks, passed_ms] = numbers[..] else {
        panic!("{last}");
    };
    assert!(last.starts_with("end of input after "), "{last}");
    // Not early; and what is not counted is the tick that came with the end.
    assert!(ticks <= passed_ms / 100, "{last}");
    assert!(ticks + 2 >= passed_ms / 100, "{last}");
}
