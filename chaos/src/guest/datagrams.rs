//! The client's datagrams: to the server by way of the proxy, and to nobody.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use wasio::net::UdpSocket;
use wasio::{Interest, Registry};

use super::{Arguments, token, until_blocked, violation};
use crate::pattern::{self, DATAGRAM, HEADER_LEN};
use crate::plan::{self, Datagram, Direction};

/// Of this many datagrams that were sent last, it is remembered which have come.
const REMEMBERED: u64 = 2_000;

/// A socket counts as deaf once both bounds are passed since the last datagram arrived: this many
/// were sent, and this much time has passed.
const MOST_UNANSWERED: u64 = 200;
const MOST_SILENCE: Duration = Duration::from_secs(12);

#[derive(Debug)]
pub(super) struct Datagrams {
    socket: UdpSocket,
    to_nobody: UdpSocket,
    proxy: SocketAddr,
    seed: u64,
    sent: u64,
    received: u64,
    refused: u64,
    errors: u64,
    /// How often each came.
    came: BTreeMap<u64, u32>,
    /// When the last one came, and how many had been sent by then.
    last: (Instant, u64),
}

impl Datagrams {
    /// `None` where there are no such sockets.
    pub(super) fn new(
        arguments: &Arguments,
        seed: u64,
        registry: &Registry,
    ) -> io::Result<Option<Self>> {
        let (Some(proxy), Some(nobody)) = (
            arguments.address("datagrams")?,
            arguments.address("nobody")?,
        ) else {
            return Ok(None);
        };
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut this = Self {
            socket: UdpSocket::bind(any)?,
            to_nobody: UdpSocket::bind(any)?,
            proxy,
            seed,
            sent: 0,
            received: 0,
            refused: 0,
            errors: 0,
            came: BTreeMap::new(),
            last: (Instant::now(), 0),
        };
        this.to_nobody.connect(nobody)?;
        let readable = Interest::READABLE;
        registry.register(&mut this.socket, token::DATAGRAMS, readable)?;
        registry.register(&mut this.to_nobody, token::TO_NOBODY, readable)?;
        Ok(Some(this))
    }

    /// Sends one.
    pub(super) fn send(&mut self) {
        let number = self.sent;
        let bytes = pattern::bytes(DATAGRAM | number, 0, plan::datagram_len(self.seed, number));
        if self.socket.send_to(&bytes, self.proxy).is_ok() {
            self.sent += 1;
        } else {
            self.errors += 1;
        }
        if number.is_multiple_of(50) {
            // The answer is an error, which comes later or never.
            let _ = self.to_nobody.send(&bytes);
        }
    }

    /// Takes what has come.
    pub(super) fn receive(&mut self, buffer: &mut [u8]) {
        let (socket, mut errors) = (&self.socket, self.errors);
        let (mut count, mut wrong, seed, sent) = (0, None, self.seed, self.sent);
        let came = &mut self.came;
        until_blocked(&mut errors, || {
            let (len, _) = socket.recv_from(buffer)?;
            count += 1;
            wrong = accept(seed, sent, &buffer[..len], came)
                .err()
                .or(wrong.take());
            Ok(())
        });
        if count > 0 {
            self.last = (Instant::now(), self.sent);
        }
        self.errors = errors;
        self.received += count;
        if let Some(wrong) = wrong {
            violation(&format!("a datagram {wrong}"));
        }
        self.came = self.came.split_off(&self.sent.saturating_sub(REMEMBERED));
    }

    /// Takes the errors of what was sent to nobody.
    pub(super) fn receive_from_nobody(&mut self, buffer: &mut [u8]) {
        let socket = &self.to_nobody;
        until_blocked(&mut self.refused, || socket.recv(buffer).map(|_| ()));
    }

    pub(super) fn check(&mut self) {
        let (when, sent) = self.last;
        if self.sent - sent > MOST_UNANSWERED && when.elapsed() > MOST_SILENCE {
            let silence = when.elapsed();
            violation(&format!("no datagram has come for {silence:?}"));
            self.last = (Instant::now(), self.sent);
        }
    }

    pub(super) fn counts(&self) -> [(&'static str, u64); 4] {
        [
            ("datagrams_sent", self.sent),
            ("datagrams", self.received),
            ("datagrams_refused", self.refused),
            ("datagram_errors", self.errors),
        ]
    }
}

/// Checks a datagram: its bytes, and that it does not come more often than it was made to.
fn accept(seed: u64, sent: u64, bytes: &[u8], came: &mut BTreeMap<u64, u32>) -> Result<(), String> {
    let header: Option<&[u8; HEADER_LEN]> = bytes.first_chunk();
    let id = header.and_then(pattern::number);
    let id = id.ok_or_else(|| format!("of {} bytes is of nobody", bytes.len()))?;
    let number = id ^ DATAGRAM;
    if number >= sent || bytes.len() != plan::datagram_len(seed, number) {
        return Err(format!("{number} of {} bytes was never sent", bytes.len()));
    }
    pattern::check(id, 0, bytes)?;
    let times = came.entry(number).or_default();
    *times += 1;
    let copies = |direction| match plan::datagram(seed, number, direction) {
        Datagram::ComesTwice => 2,
        _ => 1,
    };
    let most = copies(Direction::ToServer) * copies(Direction::ToClient);
    if *times > most {
        return Err(format!("{number} came {times} times and not {most}"));
    }
    Ok(())
}
