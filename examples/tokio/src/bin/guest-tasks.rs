//! A test guest: the task features of tokio, without any connection.

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, Notify, Semaphore, broadcast, mpsc, oneshot, watch};
use tokio::task::{JoinSet, LocalSet, spawn_local, yield_now};
use tokio::time::{interval, sleep, timeout};

const TICK: Duration = Duration::from_millis(5);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    channels().await;
    locks().await;
    LocalSet::new().run_until(local_tasks()).await;
    join_set().await;
    select().await;
    println!("done");
}

async fn channels() {
    let (sender, mut receiver) = mpsc::channel(2);
    let (done, is_done) = oneshot::channel();
    tokio::spawn(async move {
        for number in 0..100 {
            sender.send(number).await.unwrap();
        }
        done.send("all sent").unwrap();
    });
    let mut expected = 0;
    while let Some(number) = receiver.recv().await {
        assert_eq!(number, expected);
        expected += 1;
    }
    assert_eq!(expected, 100);
    assert_eq!(is_done.await, Ok("all sent"));

    let (sender, mut one) = broadcast::channel(8);
    let mut other = sender.subscribe();
    sender.send(7).unwrap();
    assert_eq!((one.recv().await, other.recv().await), (Ok(7), Ok(7)));

    let (sender, mut receiver) = watch::channel(0);
    tokio::spawn(async move {
        sleep(TICK).await;
        sender.send(1).unwrap();
    });
    receiver.changed().await.unwrap();
    assert_eq!(*receiver.borrow(), 1);
}

async fn locks() {
    let total = Arc::new(Mutex::new(0));
    let permits = Arc::new(Semaphore::new(2));
    let all_in = Arc::new(Notify::new());
    let mut tasks = JoinSet::new();
    for number in 0..10 {
        let (total, permits, all_in) = (total.clone(), permits.clone(), all_in.clone());
        tasks.spawn(async move {
            let _permit = permits.acquire().await.unwrap();
            assert!(permits.available_permits() < 2);
            sleep(TICK).await;
            let mut total = total.lock().await;
            yield_now().await;
            *total += number;
            if *total == 45 {
                all_in.notify_one();
            }
        });
    }
    all_in.notified().await;
    tasks.join_all().await;
    assert_eq!(*total.lock().await, 45);
}

async fn local_tasks() {
    let count = Rc::new(Cell::new(0));
    let mut tasks = Vec::new();
    for _ in 0..10 {
        let count = Rc::clone(&count);
        tasks.push(spawn_local(async move {
            sleep(TICK).await;
            count.set(count.get() + 1);
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(count.get(), 10);
}

async fn join_set() {
    let mut tasks = JoinSet::new();
    for number in (0..5).rev() {
        tasks.spawn(async move {
            sleep(TICK * number).await;
            number
        });
    }
    tasks.spawn(pending());
    let mut finished = Vec::new();
    while finished.len() < 5 {
        finished.push(tasks.join_next().await.unwrap().unwrap());
    }
    // Tasks that sleep longer end later.
    assert_eq!(finished, [0, 1, 2, 3, 4]);
    tasks.abort_all();
    let aborted = tasks.join_next().await.unwrap();
    assert!(aborted.unwrap_err().is_cancelled());
    assert!(tasks.join_next().await.is_none());
}

async fn select() {
    let start = Instant::now();
    let mut ticks = interval(TICK);
    let mut seen = 0;
    let end = sleep(TICK * 10);
    tokio::pin!(end);
    loop {
        tokio::select! {
            _ = ticks.tick() => seen += 1,
            () = &mut end => break,
        }
    }
    assert!(start.elapsed() >= TICK * 10);
    assert!(seen >= 9, "{seen} ticks");
    let elapsed = timeout(TICK, pending::<()>()).await;
    assert!(elapsed.is_err());
}
