//! An echo server of tasks, one per connection.

use wasio::net::TcpStream;
use wasio::task::{self, Async};

const CONNECTIONS: usize = 20;

fn main() {
    task::block_on(async {
        let listener = Async::new(wasio_guests::listener()).expect("a source");
        let mut tasks = Vec::new();
        for _ in 0..CONNECTIONS {
            let (stream, _) = listener.accept().await.expect("accept");
            tasks.push(task::spawn(echo(stream)).expect("spawn"));
        }
        for task in tasks {
            task.await;
        }
    })
    .expect("block on");
}

async fn echo(stream: Async<TcpStream>) {
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer).await.expect("read") {
            0 => return,
            count => stream.write_all(&buffer[..count]).await.expect("write"),
        }
    }
}
