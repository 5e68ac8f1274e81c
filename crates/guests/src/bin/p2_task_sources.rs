//! A look-up, datagrams, a connection, a timer and pollables of two bindings, awaited at once.

use std::time::{Duration, Instant};

use wasio::net::{TcpListener, TcpStream, UdpSocket, lookup};
use wasio::task::{self, Async};
use wasio::{Interest, Pollable};
use wasio_guests::driver::local;

const SOON: Duration = Duration::from_millis(20);
const SOON_NS: u64 = 20_000_000;

fn main() {
    task::block_on(async {
        let all = [
            task::spawn(names()),
            task::spawn(datagrams()),
            task::spawn(connection()),
            task::spawn(pollables()),
            task::spawn(async { task::sleep(SOON).await.expect("sleep") }),
        ];
        for one in all {
            one.expect("spawn").await;
        }
    })
    .expect("block on");
}

async fn names() {
    let names = lookup("localhost").expect("a look-up");
    let names = Async::with_interest(names, Interest::READABLE).expect("a source");
    let mut addresses = 0;
    while let Some(address) = names
        .read_with(|one| one.next_address())
        .await
        .expect("names")
    {
        assert!(address.is_loopback());
        addresses += 1;
    }
    assert!(addresses > 0);
}

async fn datagrams() {
    let socket = || Async::new(UdpSocket::bind(local()).expect("bind")).expect("a source");
    let (one, two) = (socket(), socket());
    let to = two.get_ref().local_addr().expect("an address");
    for round in 0..100_u8 {
        let send = one.write_with(|one| one.send_to(&[round], to));
        assert_eq!(send.await.expect("send"), 1);
        let mut buffer = [0; 8];
        let receive = two.read_with(|two| two.recv_from(&mut buffer));
        assert_eq!(receive.await.expect("receive").0, 1);
        assert_eq!(buffer[0], round);
    }
}

async fn connection() {
    let listener = Async::new(TcpListener::bind(local()).expect("bind")).expect("a source");
    let address = listener.get_ref().local_addr().expect("an address");
    let client = Async::<TcpStream>::connect(address).await.expect("connect");
    let (server, peer) = listener.accept().await.expect("accept");
    assert_eq!(peer, client.get_ref().local_addr().expect("an address"));
    for round in 0..100_u8 {
        client.write_all(&[round]).await.expect("write");
        let mut buffer = [0; 8];
        assert_eq!(server.read(&mut buffer).await.expect("read"), 1);
        assert_eq!(buffer[0], round);
    }
}

/// A pollable is ready for each wait, and may be dropped while it is waited for.
async fn pollables() {
    let start = Instant::now();
    let ours = wasip2::clocks::monotonic_clock::subscribe_duration(SOON_NS);
    let other = wasi::clocks::monotonic_clock::subscribe_duration(SOON_NS);
    let late = wasip2::clocks::monotonic_clock::subscribe_duration(SOON_NS * 1_000_000);
    let source = |handle| Async::with_interest(Pollable::new(handle), Interest::READABLE);
    let late_source = source(late.handle()).expect("a source");
    let waits = task::spawn(async move { late_source.readable().await }).expect("spawn");
    for handle in [ours.handle(), other.handle()] {
        let source = source(handle).expect("a source");
        for _ in 0..3 {
            source.readable().await.expect("readable");
            assert!(start.elapsed() >= SOON, "early");
        }
    }
    assert!(!waits.is_finished());
    assert!(waits.cancel().await.is_none());
    drop(late);
}
