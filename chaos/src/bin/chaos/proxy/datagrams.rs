//! The datagrams between client and server: some are lost, doubled or late.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use wasio_chaos::pattern::{self, DATAGRAM};
use wasio_chaos::plan::{self, Datagram, Direction};

use crate::shared::{Shared, lock};

const INTERVAL: Duration = Duration::from_millis(200);

/// Starts to forward. Returns where the client sends to.
pub(crate) fn start(shared: &Arc<Shared>, server: SocketAddr) -> io::Result<SocketAddr> {
    let front = UdpSocket::bind("127.0.0.1:0")?;
    let back = UdpSocket::bind("127.0.0.1:0")?;
    back.connect(server)?;
    for socket in [&front, &back] {
        // So that both threads see the end of the run.
        socket.set_read_timeout(Some(INTERVAL))?;
    }
    let address = front.local_addr()?;
    let ends = (Arc::new(front), Arc::new(back));
    let client = Arc::<Mutex<Option<SocketAddr>>>::default();
    for direction in [Direction::ToServer, Direction::ToClient] {
        let (shared, client) = (Arc::clone(shared), Arc::clone(&client));
        let (front, back) = ends.clone();
        thread::spawn(move || {
            let mut late = None;
            while !shared.has_ended() {
                forward(&shared, direction, (&front, &back), &client, &mut late);
            }
        });
    }
    Ok(address)
}

/// Forwards the next datagram, if one comes.
fn forward(
    shared: &Shared,
    direction: Direction,
    (front, back): (&UdpSocket, &UdpSocket),
    client: &Mutex<Option<SocketAddr>>,
    late: &mut Option<Vec<u8>>,
) {
    let mut buffer = [0; 2048];
    let came = match direction {
        Direction::ToServer => front.recv_from(&mut buffer).map(|(len, from)| {
            *lock(client) = Some(from);
            len
        }),
        Direction::ToClient => back.recv(&mut buffer),
    };
    // A timeout, or an error of one that was sent: there is none to forward.
    let Ok(len) = came else {
        return;
    };
    if shared.stalls.load(Ordering::SeqCst) {
        return;
    }
    let send = |bytes: &[u8]| {
        shared.counts.datagrams.fetch_add(1, Ordering::Relaxed);
        // A datagram may be lost.
        let _ = match (direction, *lock(client)) {
            (Direction::ToServer, _) => back.send(bytes),
            (Direction::ToClient, Some(client)) => front.send_to(bytes, client),
            (Direction::ToClient, None) => Ok(0),
        };
    };
    let bytes = &buffer[..len];
    let number = bytes
        .first_chunk()
        .and_then(pattern::number)
        .map(|id| id ^ DATAGRAM);
    let fate = number.map_or(Datagram::Arrives, |number| {
        plan::datagram(shared.seed, number, direction)
    });
    if fate != Datagram::Arrives {
        shared
            .counts
            .datagram_faults
            .fetch_add(1, Ordering::Relaxed);
    }
    match fate {
        Datagram::IsLost => {}
        Datagram::ComesTwice => [bytes, bytes].into_iter().for_each(send),
        Datagram::Arrives => send(bytes),
        Datagram::ComesLate => {
            if let Some(before) = late.replace(bytes.to_vec()) {
                send(&before);
            }
            return;
        }
    }
    if let Some(late) = late.take() {
        send(&late);
    }
}
