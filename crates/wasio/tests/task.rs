//! Tasks: what waits is woken, once there is something, and nothing is lost by a future that is
//! dropped.
#![cfg(all(feature = "task", feature = "net"))]

use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, Read, Write};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::{AsyncReadExt, AsyncWriteExt, StreamExt};
use wasio::net::{TcpListener, TcpStream, UdpSocket, lookup};
use wasio::task::{self, Async};
use wasio::time::Timer;
use wasio::{Events, Interest};

const LONG: Duration = Duration::from_secs(3_600);

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap()
}

/// Two ends of a connection, in the poll that this thread waits in.
async fn pair() -> (Async<TcpStream>, Async<TcpStream>) {
    let listener = Async::new(listener()).unwrap();
    let address = listener.get_ref().local_addr().unwrap();
    let client = Async::<TcpStream>::connect(address).await.unwrap();
    let (server, peer) = listener.accept().await.unwrap();
    assert_eq!(peer, client.get_ref().local_addr().unwrap());
    (client, server)
}

/// The first of two futures that ends.
async fn either<T>(one: impl Future<Output = T>, two: impl Future<Output = T>) -> T {
    let (mut one, mut two) = (pin!(one), pin!(two));
    poll_fn(|context| match one.as_mut().poll(context) {
        Poll::Pending => two.as_mut().poll(context),
        ready => ready,
    })
    .await
}

/// Whether a future is ready now.
async fn is_ready(future: impl Future) -> bool {
    let mut future = pin!(future);
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await
}

/// Counts how often it is woken.
#[derive(Default)]
struct Counter(AtomicUsize);

impl Counter {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn bytes_go_to_and_fro_between_tasks() {
    task::block_on(async {
        let listener = Async::new(listener()).unwrap();
        let address = listener.get_ref().local_addr().unwrap();
        let server = task::spawn(async move {
            for _ in 0..50 {
                let (stream, _) = listener.accept().await.unwrap();
                let echo = async move {
                    let mut buffer = [0; 1_000];
                    loop {
                        match stream.read(&mut buffer).await.unwrap() {
                            0 => return,
                            count => stream.write_all(&buffer[..count]).await.unwrap(),
                        }
                    }
                };
                task::spawn(echo).unwrap().detach();
            }
        })
        .unwrap();
        let clients: Vec<_> = (0..50_u8)
            .map(|id| {
                let client = async move {
                    let stream = Async::<TcpStream>::connect(address).await.unwrap();
                    for round in 0..100_u8 {
                        let sent = [id, round, 7];
                        stream.write_all(&sent).await.unwrap();
                        let mut got: Vec<u8> = Vec::new();
                        while got.len() < sent.len() {
                            let mut buffer = [0; 8];
                            let count = stream.read(&mut buffer).await.unwrap();
                            got.extend(&buffer[..count]);
                        }
                        assert_eq!(got, sent);
                    }
                };
                task::spawn(client).unwrap()
            })
            .collect();
        for client in clients {
            client.await;
        }
        server.await;
    })
    .unwrap();
}

#[test]
fn a_reader_and_a_writer_wait_for_one_stream() {
    const LEN: usize = 8 << 20;
    task::block_on(async {
        let (client, server) = pair().await;
        let (client, server) = (Arc::new(client), Arc::new(server));
        let write = |stream: &Arc<Async<TcpStream>>| {
            let stream = Arc::clone(stream);
            task::spawn(async move { stream.write_all(&vec![3; LEN]).await.unwrap() }).unwrap()
        };
        let read = |stream: &Arc<Async<TcpStream>>| {
            let stream = Arc::clone(stream);
            task::spawn(async move {
                let (mut buffer, mut left) = (vec![0; 64 << 10], LEN);
                while left > 0 {
                    let count = stream.read(&mut buffer).await.unwrap();
                    assert!(count > 0 && buffer[..count].iter().all(|byte| *byte == 3));
                    left -= count;
                }
            })
            .unwrap()
        };
        let all = [write(&client), write(&server), read(&client), read(&server)];
        for one in all {
            one.await;
        }
    })
    .unwrap();
}

#[test]
fn readiness_lasts_until_an_operation_finds_nothing() {
    task::block_on(async {
        let (client, server) = pair().await;
        assert!(!is_ready(server.readable()).await);
        client.write_all(b"ab").await.unwrap();
        server.readable().await.unwrap();
        let mut byte = [0];
        for expected in b"ab" {
            server.readable().await.unwrap();
            assert_eq!(server.get_ref().read(&mut byte).unwrap(), 1);
            assert_eq!(byte, [*expected]);
        }
        // Another byte may have come: only a read tells.
        let error = server.get_ref().read(&mut byte).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        assert!(!is_ready(server.readable()).await);
        client.write_all(b"c").await.unwrap();
        server.readable().await.unwrap();
        assert_eq!(server.get_ref().read(&mut byte).unwrap(), 1);
    })
    .unwrap();
}

#[test]
fn an_operation_that_wasio_does_not_see_is_tried_again() {
    task::block_on(async {
        let (client, _server) = pair().await;
        let mut tries = 0;
        let write = client.write_with(|_| {
            tries += 1;
            if tries < 5 {
                Err(ErrorKind::WouldBlock.into())
            } else {
                Ok(())
            }
        });
        write.await.unwrap();
        assert_eq!(tries, 5);
    })
    .unwrap();
}

#[test]
fn what_is_ready_for_nothing_does_not_spin() {
    task::block_on(async {
        let (client, server) = pair().await;
        client.write_all(b"x").await.unwrap();
        let mut tries = 0;
        let read = server.read_with(|stream| {
            tries += 1;
            stream.try_io_with(Interest::READABLE, || {
                Err::<(), _>(ErrorKind::WouldBlock.into())
            })
        });
        let time = async {
            task::sleep(Duration::from_millis(600)).await.unwrap();
            Ok(())
        };
        either(read, time).await.unwrap();
        assert!((3..20).contains(&tries), "{tries} tries in 0.6 s");
    })
    .unwrap();
}

#[test]
fn the_end_of_a_stream_stays_readable() {
    task::block_on(async {
        let (client, server) = pair().await;
        drop(client);
        let mut byte = [0];
        assert_eq!(server.read(&mut byte).await.unwrap(), 0);
        for _ in 0..3 {
            server.readable().await.unwrap();
            assert_eq!(server.read(&mut byte).await.unwrap(), 0);
        }
    })
    .unwrap();
}

#[test]
fn a_future_that_is_dropped_loses_nothing_and_wakes_nobody() {
    task::block_on(async {
        let (client, server) = pair().await;
        let counter = Arc::<Counter>::default();
        let waker = Waker::from(Arc::clone(&counter));
        let mut buffer = [0; 8];
        for _ in 0..1_000 {
            let mut read = Box::pin(server.read(&mut buffer));
            let mut context = Context::from_waker(&waker);
            assert!(read.as_mut().poll(&mut context).is_pending());
        }
        client.write_all(b"kept").await.unwrap();
        server.readable().await.unwrap();
        assert_eq!(counter.count(), 0, "a dropped future was woken");
        drop(waker);
        assert_eq!(Arc::strong_count(&counter), 1, "a waker is kept");
        assert_eq!(server.read(&mut buffer).await.unwrap(), 4);
        assert_eq!(&buffer[..4], b"kept");
    })
    .unwrap();
}

#[test]
fn all_that_wait_for_one_direction_are_woken() {
    task::block_on(async {
        let (client, server) = pair().await;
        let server = Arc::new(server);
        let waits: Vec<_> = (0..5)
            .map(|_| {
                let server = Arc::clone(&server);
                task::spawn(async move { server.readable().await }).unwrap()
            })
            .collect();
        task::sleep(Duration::from_millis(1)).await.unwrap();
        client.write_all(b"x").await.unwrap();
        for wait in waits {
            wait.await.unwrap();
        }
    })
    .unwrap();
}

#[test]
fn timers_are_in_order_and_never_early() {
    task::block_on(async {
        let start = Instant::now();
        let order = Arc::<std::sync::Mutex<Vec<u64>>>::default();
        let sleeps: Vec<_> = [9, 3, 6]
            .map(|ms| {
                let order = Arc::clone(&order);
                task::spawn(async move {
                    task::sleep(Duration::from_millis(ms)).await.unwrap();
                    assert!(start.elapsed() >= Duration::from_millis(ms));
                    order.lock().unwrap().push(ms);
                })
                .unwrap()
            })
            .into();
        for sleep in sleeps {
            sleep.await;
        }
        assert_eq!(*order.lock().unwrap(), [3, 6, 9]);
        task::sleep_until(start).await.unwrap();
    })
    .unwrap();
}

#[test]
fn a_timer_as_a_source_counts_its_expirations() {
    task::block_on(async {
        let mut timer = Async::new(Timer::periodic(Duration::from_millis(1))).unwrap();
        let mut ticks = 0;
        while ticks < 5 {
            timer.readable().await.unwrap();
            ticks += timer.get_mut().expirations();
        }
        assert!(!is_ready(timer.readable()).await);
    })
    .unwrap();
}

#[test]
fn a_timer_that_is_set_again_is_not_ready() {
    task::block_on(async {
        let mut timer = Async::new(Timer::oneshot(Duration::from_millis(1))).unwrap();
        timer.readable().await.unwrap();
        assert!(
            is_ready(timer.readable()).await,
            "its expirations were not taken"
        );
        timer.get_mut().set(LONG);
        assert!(!is_ready(timer.readable()).await);
    })
    .unwrap();
}

#[test]
fn an_executor_leaves_the_poll_of_its_thread_alone() {
    let mut poll = wasio::Poll::new().unwrap();
    task::block_on(async {}).unwrap();
    let timer = Async::new(Timer::oneshot(Duration::from_millis(1))).unwrap();
    let counter = Arc::<Counter>::default();
    let waker = Waker::from(Arc::clone(&counter));
    assert!(
        timer
            .poll_readable(&mut Context::from_waker(&waker))
            .is_pending()
    );
    let mut events = Events::with_capacity(1);
    poll.poll(&mut events, Some(LONG)).unwrap();
    assert_eq!((counter.count(), events.is_empty()), (1, true));
}

#[test]
fn a_slow_source_does_not_end_a_quick_one() {
    task::block_on(async {
        let (client, server) = pair().await;
        let never = async {
            task::sleep(LONG).await.unwrap();
            0
        };
        let read = async {
            let mut buffer = [0; 8];
            server.read(&mut buffer).await.unwrap()
        };
        client.write_all(b"abc").await.unwrap();
        assert_eq!(either(never, read).await, 3);
    })
    .unwrap();
}

#[test]
fn datagrams_and_names_are_awaited() {
    task::block_on(async {
        let bind = || UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let (one, two) = (Async::new(bind()).unwrap(), Async::new(bind()).unwrap());
        let to = two.get_ref().local_addr().unwrap();
        let send = one.write_with(|socket| socket.send_to(b"hello", to));
        assert_eq!(send.await.unwrap(), 5);
        let mut buffer = [0; 16];
        let receive = two.read_with(|socket| socket.recv_from(&mut buffer));
        let (count, from) = receive.await.unwrap();
        assert_eq!(&buffer[..count], b"hello");
        assert_eq!(from, one.get_ref().local_addr().unwrap());

        let names = Async::with_interest(lookup("localhost").unwrap(), Interest::READABLE).unwrap();
        let mut addresses = 0;
        while let Some(address) = names.read_with(|names| names.next_address()).await.unwrap() {
            assert!(address.is_loopback());
            addresses += 1;
        }
        assert!(addresses > 0);
    })
    .unwrap();
}

#[test]
fn a_refused_connection_is_an_error() {
    // Nothing listens there, and no other program gets the port of a connection.
    let listener = listener();
    let taken = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let address = taken.local_addr().unwrap();
    let result = task::block_on(Async::<TcpStream>::connect(address)).unwrap();
    assert_eq!(result.unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn a_thread_that_waits_in_no_poll_is_woken_by_a_helper() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let client = thread::spawn(move || {
        // An executor that has no poll: the thread parks.
        struct Unpark(thread::Thread);
        impl Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut future = pin!(async {
            let stream = Async::<TcpStream>::connect(address).await.unwrap();
            let mut buffer = [0; 8];
            let count = stream.read(&mut buffer).await.unwrap();
            buffer[..count].to_vec()
        });
        loop {
            match future.as_mut().poll(&mut context) {
                Poll::Ready(bytes) => return bytes,
                Poll::Pending => thread::park(),
            }
        }
    });
    let (mut peer, _) = listener.accept().unwrap();
    peer.write_all(b"woken").unwrap();
    assert_eq!(client.join().unwrap(), b"woken");
}

#[test]
fn another_thread_wakes_block_on_and_its_tasks() {
    let (sender, receiver) = std::sync::mpsc::channel::<Waker>();
    let helper = thread::spawn(move || receiver.iter().take(2).for_each(Waker::wake));
    task::block_on(async move {
        for in_task in [false, true] {
            let sender = sender.clone();
            let mut sent = false;
            let wait = poll_fn(move |context| {
                if std::mem::replace(&mut sent, true) {
                    return Poll::Ready(());
                }
                sender.send(context.waker().clone()).unwrap();
                Poll::Pending
            });
            match in_task {
                true => task::spawn(wait).unwrap().await,
                false => wait.await,
            }
        }
    })
    .unwrap();
    helper.join().unwrap();
}

#[test]
fn a_poll_reports_no_event_of_a_task_and_returns_for_it() {
    let mut poll = wasio::Poll::new().unwrap();
    let mut events = Events::with_capacity(1);
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut peer = std::net::TcpStream::connect(socket.local_addr().unwrap()).unwrap();
    let (stream, _) = socket.accept().unwrap();
    stream.set_nonblocking(true).unwrap();
    let stream = Async::new_in(poll.registry(), TcpStream::from_std(stream)).unwrap();
    let counter = Arc::<Counter>::default();
    let waker = Waker::from(Arc::clone(&counter));
    let mut context = Context::from_waker(&waker);
    // Writable at once.
    while stream.poll_writable(&mut context).is_pending() {
        poll.poll(&mut events, Some(LONG)).unwrap();
        assert!(events.is_empty());
    }
    let woken = counter.count();
    assert!(stream.poll_readable(&mut context).is_pending());
    peer.write_all(b"x").unwrap();
    poll.poll(&mut events, Some(LONG)).unwrap();
    assert!(events.is_empty());
    assert_eq!(counter.count(), woken + 1);
    assert!(stream.poll_readable(&mut context).is_ready());
    drop(poll);
    let mut byte = [0];
    assert_eq!(stream.get_ref().read(&mut byte).unwrap(), 1);
    let blocked = stream.get_ref().read(&mut byte).unwrap_err();
    assert_eq!(blocked.kind(), ErrorKind::WouldBlock);
    match stream.poll_readable(&mut context) {
        Poll::Ready(Err(error)) => assert_eq!(error.kind(), ErrorKind::NotConnected),
        other => panic!("its poll is gone: {other:?}"),
    }
}

/// As with several runtimes on one thread.
#[test]
fn a_source_is_registered_with_the_poll_that_the_thread_was_in_last() {
    let mut events = Events::with_capacity(4);
    let mut first = wasio::Poll::new().unwrap();
    let mut second = wasio::Poll::new().unwrap();
    assert_eq!(task::polls(), 2);
    let of_second = Async::new(Timer::oneshot(LONG)).unwrap();
    assert!(of_second.is_registered_here());
    first.poll(&mut events, Some(Duration::ZERO)).unwrap();
    assert!(!of_second.is_registered_here());
    let of_first = Async::new(Timer::oneshot(Duration::ZERO)).unwrap();
    assert!(of_first.is_registered_here());
    second.poll(&mut events, Some(Duration::ZERO)).unwrap();
    assert!(of_second.is_registered_here() && !of_first.is_registered_here());
    // Its poll wakes it, wherever the thread was in between.
    let counter = Arc::<Counter>::default();
    let waker = Waker::from(Arc::clone(&counter));
    assert!(
        of_first
            .poll_readable(&mut Context::from_waker(&waker))
            .is_pending()
    );
    first.poll(&mut events, Some(LONG)).unwrap();
    assert_eq!(counter.count(), 1);
    // The source of a poll that is gone can be taken out, and registered with another one.
    drop(second);
    assert_eq!(task::polls(), 1);
    assert!(!of_second.is_registered_here());
    let anew = Async::new(of_second.into_inner().unwrap()).unwrap();
    assert!(anew.is_registered_here());
}

#[test]
fn a_task_is_cancelled_or_detached() {
    task::block_on(async {
        let counter = Arc::new(());
        let held = Arc::clone(&counter);
        let wait = task::spawn(async move {
            task::sleep(LONG).await.unwrap();
            drop(held);
        })
        .unwrap();
        task::sleep(Duration::from_millis(1)).await.unwrap();
        assert!(!wait.is_finished());
        assert!(wait.cancel().await.is_none());
        assert_eq!(Arc::strong_count(&counter), 1);

        let held = Arc::clone(&counter);
        drop(task::spawn(async move {
            task::sleep(LONG).await.unwrap();
            drop(held);
        }));
        while Arc::strong_count(&counter) > 1 {
            task::sleep(Duration::from_millis(1)).await.unwrap();
        }
    })
    .unwrap();
}

#[test]
fn block_on_inside_block_on_is_refused() {
    let inner = task::block_on(async { task::block_on(async {}) }).unwrap();
    assert_eq!(inner.unwrap_err().kind(), ErrorKind::ResourceBusy);
}

#[test]
fn the_source_comes_back_unregistered() {
    let stream: io::Result<TcpListener> =
        task::block_on(async { Async::new(listener())?.into_inner() }).unwrap();
    let mut poll = wasio::Poll::new().unwrap();
    let mut listener = stream.unwrap();
    let registry = poll.registry();
    registry
        .register(&mut listener, wasio::Token(1), Interest::READABLE)
        .unwrap();
    let mut events = Events::with_capacity(4);
    poll.poll(&mut events, Some(Duration::ZERO)).unwrap();
    assert!(events.is_empty());
}

/// A source that keeps the selector that it is registered with.
#[derive(Default)]
struct Keeper {
    timer: Timer,
    selector: Option<wasio::Selector>,
}

impl wasio::event::Source for Keeper {
    fn register(
        &mut self,
        registry: &wasio::Registry,
        token: wasio::Token,
        interests: Interest,
    ) -> io::Result<()> {
        self.selector = Some(registry.selector().try_clone()?);
        self.timer.set(LONG);
        let readable = interests.remove(Interest::WRITABLE).unwrap_or(interests);
        self.timer.register(registry, token, readable)
    }

    fn reregister(
        &mut self,
        registry: &wasio::Registry,
        token: wasio::Token,
        interests: Interest,
    ) -> io::Result<()> {
        self.timer.reregister(registry, token, interests)
    }

    fn deregister(&mut self, registry: &wasio::Registry) -> io::Result<()> {
        self.selector = None;
        self.timer.deregister(registry)
    }
}

/// A poll that is gone has no events: a task that waits in it would never end, and neither would one
/// that joins that task.
#[test]
fn a_poll_that_goes_wakes_those_who_wait_in_it() {
    let poll = wasio::Poll::new().unwrap();
    let listener = Async::new_in(poll.registry(), listener()).unwrap();
    let timer = Async::new_in(poll.registry(), Timer::oneshot(LONG)).unwrap();
    let counter = Arc::<Counter>::default();
    let waker = Waker::from(Arc::clone(&counter));
    let mut context = Context::from_waker(&waker);
    let keeper = Async::new_in(poll.registry(), Keeper::default()).unwrap();
    let mut waits = [
        pin!(listener.readable()) as Pin<&mut dyn Future<Output = io::Result<()>>>,
        pin!(timer.readable()),
        pin!(keeper.readable()),
    ];
    for wait in &mut waits {
        assert!(wait.as_mut().poll(&mut context).is_pending());
    }
    // What a runtime keeps beside its poll does not wait.
    let registry = poll.registry().try_clone().unwrap();
    let _waker = wasio::Waker::new(&registry, wasio::Token(0)).unwrap();
    let second = poll.registry().selector().try_clone().unwrap();
    drop(poll);
    assert_eq!(counter.count(), 0, "there is a second handle to wait with");
    drop(second);
    assert_eq!(counter.count(), 3);
    for wait in &mut waits {
        let Poll::Ready(Err(error)) = wait.as_mut().poll(&mut context) else {
            panic!("it waits for nothing");
        };
        assert_eq!(error.kind(), ErrorKind::NotConnected);
    }
}

/// Nothing but what a task itself holds keeps it, if it is detached.
#[test]
fn the_detached_tasks_of_a_thread_end_with_it() {
    /// What a task holds: its drop tries to do something with the executor that goes.
    struct Held {
        counter: Arc<Counter>,
        _sibling: Option<task::Task<()>>,
    }

    impl Drop for Held {
        fn drop(&mut self) {
            Waker::from(Arc::clone(&self.counter)).wake();
            if let Ok(spawned) = task::spawn(async {}) {
                spawned.detach();
            }
        }
    }

    let counter = Arc::<Counter>::default();
    let held = |sibling| Held {
        counter: Arc::clone(&counter),
        _sibling: sibling,
    };
    let wait = |held: Held| async move {
        task::sleep(LONG).await.unwrap();
        drop(held);
    };
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            // Some wait, one never ran, and one owns another.
            task::block_on(async {
                task::spawn(wait(held(None))).unwrap().detach();
                let sibling = task::spawn(wait(held(None))).unwrap();
                task::spawn(wait(held(Some(sibling)))).unwrap().detach();
                task::spawn(async {}).unwrap().detach();
                task::sleep(Duration::from_millis(1)).await.unwrap();
            })
            .unwrap();
            task::spawn(wait(held(None))).unwrap().detach();
            assert_eq!(counter.count(), 0);
        });
        // The scope alone does not wait until the thread has dropped what is local to it.
        thread.join().unwrap();
    });
    assert_eq!(counter.count(), 4, "a task is left");
    assert_eq!(Arc::strong_count(&counter), 1);
}

/// What is written for futures-io works.
#[test]
fn streams_have_the_traits_of_the_field() {
    task::block_on(async {
        let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0)).unwrap();
        let address = listener.get_ref().local_addr().unwrap();
        let echo = task::spawn(async move {
            let mut incoming = listener.incoming().take(2);
            while let Some(stream) = incoming.next().await {
                let (reader, mut writer) = stream?.split();
                futures_util::io::copy(reader, &mut writer).await?;
                writer.close().await?;
            }
            io::Result::Ok(())
        })
        .unwrap();
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(1_000_000).collect();
        for _ in 0..2 {
            let stream = Async::<TcpStream>::connect(address).await.unwrap();
            let (mut reader, writer) = (&stream, &stream);
            let mut got = Vec::new();
            let send = async {
                writer.write_all(&bytes).await?;
                stream.get_ref().shutdown(std::net::Shutdown::Write)
            };
            let (sent, read) = futures_util::future::join(send, reader.read_to_end(&mut got)).await;
            sent.unwrap();
            assert_eq!(read.unwrap(), bytes.len());
            assert!(got == bytes);
        }
        echo.await.unwrap();
    })
    .unwrap();
}

#[test]
fn sockets_have_the_names_of_async_io() {
    task::block_on(async {
        let bind = || Async::<UdpSocket>::bind(([127, 0, 0, 1], 0)).unwrap();
        let (one, two) = (Arc::new(bind()), Arc::new(bind()));
        let address = |socket: &Async<UdpSocket>| socket.get_ref().local_addr().unwrap();
        one.get_ref().connect(address(&two)).unwrap();
        two.get_ref().connect(address(&one)).unwrap();
        let writable = Arc::clone(&one).writable_owned();
        writable.await.unwrap();
        assert_eq!(one.send(b"ping").await.unwrap(), 4);
        Arc::clone(&two).readable_owned().await.unwrap();
        let mut buffer = [0; 16];
        assert_eq!(two.peek(&mut buffer).await.unwrap(), 4);
        assert_eq!(
            two.peek_from(&mut buffer).await.unwrap(),
            (4, address(&one))
        );
        assert_eq!(two.recv(&mut buffer).await.unwrap(), 4);
        assert_eq!(&buffer[..4], b"ping");
        assert!(!is_ready(two.recv_from(&mut buffer)).await);
        drop((one, two));

        let (one, two) = (bind(), bind());
        assert_eq!(one.send_to(b"pong", address(&two)).await.unwrap(), 4);
        let from = two.recv_from(&mut buffer).await.unwrap();
        assert_eq!(from, (4, address(&one)));

        let (client, server) = pair().await;
        client.write_all(b"kept").await.unwrap();
        assert_eq!(server.peek(&mut buffer).await.unwrap(), 4);
        assert_eq!(server.read(&mut buffer).await.unwrap(), 4);
    })
    .unwrap();
}
