//! A wait of a task allocates nothing once it has waited before, nor does a read or write.

use wasio::net::TcpStream;
use wasio::task::{self, Async};
use wasio_guests::counting::{BATCHES, Counting, allocations, expect_none};

#[global_allocator]
static COUNTING: Counting = Counting;

const COUNT: usize = 40;
const WARM_UP: u32 = 20;
const ROUNDS: u32 = 50;

fn main() {
    task::block_on(async {
        let listener = Async::new(wasio_guests::listener()).expect("a source");
        let mut streams = Vec::new();
        for _ in 0..COUNT {
            streams.push(listener.accept().await.expect("accept").0);
        }
        for _ in 0..WARM_UP {
            echo_each(&streams).await;
        }
        assert!(allocations() > 0, "nothing is counted");
        let mut made = [0; BATCHES];
        for made in &mut made {
            let before = allocations();
            for _ in 0..ROUNDS {
                echo_each(&streams).await;
            }
            *made = allocations() - before;
        }
        expect_none(made);
    })
    .expect("block on");
}

async fn echo_each(streams: &[Async<TcpStream>]) {
    let mut buffer = [0; 1024];
    for stream in streams {
        let count = stream.read(&mut buffer).await.expect("read");
        assert!(count > 0, "the end");
        stream.write_all(&buffer[..count]).await.expect("write");
    }
}
