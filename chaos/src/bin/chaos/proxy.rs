//! The proxy between client and server. What it does to a connection is in the plan, by the number
//! that the connection starts with.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use rustix::net::{RecvFlags, connect_unspec, recv};
use wasio_chaos::pattern::{self, HEADER_LEN};
use wasio_chaos::plan::{Connection, Cut, Direction, Fate, Step};

use crate::shared::{Shared, lock};

pub(crate) mod datagrams;

/// The most bytes that it holds of one direction.
const BUFFER_LEN: usize = 64 * 1024;

/// How many connections it keeps open where it connects to the client.
const POOL: usize = 12;

const SHORT: Duration = Duration::from_millis(1);
const RETRY: Duration = Duration::from_millis(20);

/// A connection of the client, and the one to the server for it.
struct Link {
    shared: Arc<Shared>,
    client: TcpStream,
    server: TcpStream,
    number: u64,
    fate: Fate,
}

/// Accepts the connections of a client that connects.
pub(crate) fn listen(shared: &Arc<Shared>, server: SocketAddr) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let shared = Arc::clone(shared);
    thread::spawn(move || {
        // This thread waits to the end of the process.
        loop {
            let (client, address) = match listener.accept() {
                Ok(accepted) => accepted,
                Err(error) => {
                    return shared.violation(&format!("the proxy cannot accept: {error}"));
                }
            };
            if shared.refuses.load(Ordering::SeqCst) {
                lock(&shared.broken).refuse(address);
                reset(&client);
                continue;
            }
            let shared = Arc::clone(&shared);
            thread::spawn(move || forward(&shared, client, server, true));
        }
    });
    Ok(address)
}

/// Keeps connections open to a client that can only accept.
pub(crate) fn dial(shared: &Arc<Shared>, client: SocketAddr, server: SocketAddr) {
    for _ in 0..POOL {
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            while !shared.has_ended() {
                // In a quiet time there is nothing to connect for.
                if !shared.is_quiet()
                    && let Ok(client) = TcpStream::connect(client)
                {
                    forward(&shared, client, server, false);
                }
                thread::sleep(RETRY);
            }
        });
    }
}

/// Forwards a connection until both directions are over.
fn forward(shared: &Arc<Shared>, mut client: TcpStream, server: SocketAddr, connects: bool) {
    let mut header = [0; HEADER_LEN];
    if client.read_exact(&mut header).is_err() {
        return;
    }
    let Some(number) = pattern::number(&header) else {
        return shared.violation("a connection does not start with its number");
    };
    // A client that connects is refused before it has sent anything. One that accepts has no address
    // to be known by, so that its number must have come.
    if !connects && shared.refuses.load(Ordering::SeqCst) {
        lock(&shared.broken).cut(number);
        return reset(&client);
    }
    let server = match TcpStream::connect(server) {
        Ok(server) => server,
        Err(error) => return shared.violation(&format!("cannot connect to the server: {error}")),
    };
    for stream in [&client, &server] {
        // It fails for a connection that is gone, which the next read shows.
        let _ = stream.set_nodelay(true);
    }
    shared.counts.connections.fetch_add(1, Ordering::Relaxed);
    let link = Arc::new(Link {
        shared: Arc::clone(shared),
        client,
        server,
        number,
        fate: Connection::new(shared.seed, number, connects).fate,
    });
    let other = Arc::clone(&link);
    let up = thread::spawn(move || other.pump(Direction::ToServer, &header));
    link.pump(Direction::ToClient, &[]);
    let _ = up.join();
}

/// Resets a connection. A thread that is blocked in a read or write of it returns at once.
fn reset(stream: &TcpStream) {
    // Nothing is to be done for one that is gone.
    let _ = connect_unspec(stream);
    let _ = stream.shutdown(Shutdown::Both);
}

impl Link {
    fn ends(&self, direction: Direction) -> (&TcpStream, &TcpStream) {
        match direction {
            Direction::ToServer => (&self.client, &self.server),
            Direction::ToClient => (&self.server, &self.client),
        }
    }

    fn reset(&self) {
        reset(&self.client);
        reset(&self.server);
    }

    /// Forwards one direction. `first` has been read already.
    fn pump(&self, direction: Direction, first: &[u8]) {
        let (mut from, to) = self.ends(direction);
        let mut buffer = vec![0; BUFFER_LEN];
        buffer[..first.len()].copy_from_slice(first);
        let mut waiting = first.len();
        let mut done = 0;
        for index in 0.. {
            if waiting == 0 {
                match from.read(&mut buffer) {
                    Ok(0) => {
                        let _ = to.shutdown(Shutdown::Write);
                        return;
                    }
                    Ok(len) => waiting = len,
                    Err(_) => return self.reset(),
                }
            }
            let step = Step::new(self.shared.seed, self.number, direction, index);
            self.delay(step.delay);
            waiting += take_more(from, &mut buffer[waiting..]);
            let cut = self.cut(direction, done, waiting);
            let len = cut.map_or(waiting, |(len, _)| len);
            if self.send(to, &buffer[..len], step.part).is_err() {
                return self.reset();
            }
            done += len as u64;
            if let Some((_, how)) = cut {
                return self.perform(how, direction);
            }
            waiting = 0;
        }
    }

    /// The cut that comes within the next `len` bytes, and after how many.
    fn cut(&self, direction: Direction, done: u64, len: usize) -> Option<(usize, Cut)> {
        match self.fate {
            Fate::Cut(to, at, how) if to == direction && at <= done + len as u64 => {
                Some((usize::try_from(at - done).unwrap_or(0), how))
            }
            _ => None,
        }
    }

    fn perform(&self, cut: Cut, direction: Direction) {
        self.shared.counts.cuts.fetch_add(1, Ordering::Relaxed);
        let (mut from, to) = self.ends(direction);
        match cut {
            Cut::Reset => {
                lock(&self.shared.broken).cut(self.number);
                self.reset();
            }
            Cut::HalfClose => {
                let _ = to.shutdown(Shutdown::Write);
                // Nobody reads what follows.
                let mut buffer = [0; 4096];
                while from.read(&mut buffer).is_ok_and(|len| len > 0) {}
            }
        }
    }

    fn send(&self, mut to: &TcpStream, bytes: &[u8], part: usize) -> io::Result<()> {
        for bytes in bytes.chunks(part) {
            while self.shared.stalls.load(Ordering::SeqCst) && !self.shared.has_ended() {
                thread::sleep(SHORT);
            }
            to.write_all(bytes)?;
            self.shared
                .counts
                .bytes
                .fetch_add(bytes.len() as u64, Ordering::Relaxed);
            if bytes.len() == part && !self.shared.is_quiet() {
                thread::sleep(SHORT);
            }
        }
        Ok(())
    }

    /// Waits, but not in a quiet time: what is under way is to arrive before that counts.
    fn delay(&self, time: Duration) {
        const PART: Duration = Duration::from_millis(20);
        let mut left = time;
        while !left.is_zero() && !self.shared.is_quiet() && !self.shared.has_ended() {
            thread::sleep(left.min(PART));
            left = left.saturating_sub(PART);
        }
    }
}

/// Takes what has come meanwhile, without waiting.
fn take_more(from: &TcpStream, buffer: &mut [u8]) -> usize {
    if buffer.is_empty() {
        return 0;
    }
    // The end and errors come again with the next read.
    recv(from, buffer, RecvFlags::DONTWAIT).map_or(0, |(len, _)| len)
}
