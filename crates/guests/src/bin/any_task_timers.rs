//! Tasks that await timers: in order, never early, and gone when they are dropped.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use wasio::task;

fn main() {
    task::block_on(async {
        in_order().await;
        dropped().await;
    })
    .expect("block on");
    // The same executor again.
    let start = Instant::now();
    let soon = Duration::from_millis(3);
    let slept = task::block_on(task::sleep(soon)).expect("block on");
    slept.expect("sleep");
    assert!(start.elapsed() >= soon);
}

async fn in_order() {
    let start = Instant::now();
    let order = Rc::new(RefCell::new(Vec::new()));
    // Far apart: a sleep begins when its task first runs, and a busy host may pause in between.
    let sleeps: Vec<_> = [300, 100, 200]
        .into_iter()
        .map(|ms| {
            let order = Rc::clone(&order);
            let sleep = async move {
                task::sleep(Duration::from_millis(ms)).await.expect("sleep");
                assert!(start.elapsed() >= Duration::from_millis(ms), "early");
                order.borrow_mut().push(ms);
            };
            task::spawn(sleep).expect("spawn")
        })
        .collect();
    for sleep in sleeps {
        sleep.await;
    }
    assert_eq!(*order.borrow(), [100, 200, 300]);
}

/// A hundred thousand waits that nobody waits for to the end.
async fn dropped() {
    let held = Rc::new(());
    for _ in 0..1_000 {
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let held = Rc::clone(&held);
                let sleep = async move {
                    task::sleep(Duration::from_secs(3_600))
                        .await
                        .expect("sleep");
                    drop(held);
                };
                task::spawn(sleep).expect("spawn")
            })
            .collect();
        // They begin to wait.
        task::sleep(Duration::ZERO).await.expect("sleep");
        drop(tasks);
    }
    while Rc::strong_count(&held) > 1 {
        task::sleep(Duration::ZERO).await.expect("sleep");
    }
}
