//! A task that awaits standard input, beside one that awaits a timer.

use std::cell::Cell;
use std::io::Write;
use std::rc::Rc;
use std::time::Duration;

use wasio::stdio;
use wasio::task::{self, Async};

fn main() {
    let ticks = Rc::new(Cell::new(0_u32));
    let counted = Rc::clone(&ticks);
    let tick = async move {
        loop {
            task::sleep(Duration::from_millis(1)).await.expect("sleep");
            counted.set(counted.get() + 1);
        }
    };
    let read = async {
        let stdin = Async::new(stdio::stdin().expect("stdin")).expect("a source");
        let mut buffer = [0; 4096];
        loop {
            match stdin.read(&mut buffer).await.expect("read") {
                0 => return,
                count => print(&buffer[..count]),
            }
        }
    };
    task::block_on(async {
        let tick = task::spawn(tick).expect("spawn");
        read.await;
        assert!(tick.cancel().await.is_none(), "it never ends");
    })
    .expect("block on");
    print(b"end\n");
    eprintln!("{} ticks", ticks.get());
}

fn print(bytes: &[u8]) {
    let mut stdout = std::io::stdout();
    stdout.write_all(bytes).expect("write");
    stdout.flush().expect("flush");
}
