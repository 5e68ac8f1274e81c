//! Attempts at several addresses, of which the first to succeed wins (RFC 8305).

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// What has been tried so far.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// Each address that failed, with its error, in that order.
    pub(super) failed: Vec<(SocketAddr, io::Error)>,
    /// The addresses that have not answered yet.
    pub(super) unanswered: Vec<SocketAddr>,
}

/// The addresses with their families in turn, the family of the first one first. Within a family
/// they keep their order.
pub(super) fn in_turn(addresses: &[SocketAddr]) -> VecDeque<SocketAddr> {
    let is_first_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let of_family = |is_v6| addresses.iter().filter(move |one| one.is_ipv6() == is_v6);
    let (mut first, mut second) = (of_family(is_first_v6), of_family(!is_first_v6));
    let mut ordered = VecDeque::with_capacity(addresses.len());
    while ordered.len() < addresses.len() {
        ordered.extend(first.next());
        ordered.extend(second.next());
    }
    ordered
}

/// The first connection, or `None` if all have failed. An attempt starts when the one before it has
/// failed, or has taken `delay`. `attempts` says what was tried, also where this is dropped.
pub(super) async fn first<T, F>(
    addresses: VecDeque<SocketAddr>,
    delay: Option<Duration>,
    attempts: &mut Attempts,
    connect: impl Fn(SocketAddr) -> F,
) -> Option<T>
where
    F: Future<Output = io::Result<T>>,
{
    let mut race = Race {
        waiting: addresses,
        running: Vec::new(),
        attempts,
        delay: delay.map(|delay| (delay, Box::pin(sleep(delay)))),
    };
    poll_fn(|context| race.poll(&connect, context)).await
}

struct Race<'a, F> {
    waiting: VecDeque<SocketAddr>,
    /// In the order of `attempts.unanswered`.
    running: Vec<Pin<Box<F>>>,
    attempts: &'a mut Attempts,
    /// How long an attempt is alone, and the end of that time.
    delay: Option<(Duration, Pin<Box<Sleep>>)>,
}

impl<T, F: Future<Output = io::Result<T>>> Race<'_, F> {
    fn poll(
        &mut self,
        connect: &impl Fn(SocketAddr) -> F,
        context: &mut Context<'_>,
    ) -> Poll<Option<T>> {
        loop {
            let failed_before = self.attempts.failed.len();
            if let Some(connection) = self.poll_running(context) {
                return Poll::Ready(Some(connection));
            }
            let may_start = self.running.is_empty()
                || self.attempts.failed.len() > failed_before
                || self.has_delay_passed(context);
            match self.waiting.pop_front_if(|_| may_start) {
                Some(address) => self.start(address, connect),
                None if self.running.is_empty() => return Poll::Ready(None),
                None => return Poll::Pending,
            }
        }
    }

    /// The connection of an attempt that has succeeded.
    fn poll_running(&mut self, context: &mut Context<'_>) -> Option<T> {
        let mut index = 0;
        while let Some(attempt) = self.running.get_mut(index) {
            match attempt.as_mut().poll(context) {
                Poll::Pending => index += 1,
                Poll::Ready(Ok(connection)) => return Some(connection),
                Poll::Ready(Err(error)) => {
                    self.running.remove(index);
                    let address = self.attempts.unanswered.remove(index);
                    self.attempts.failed.push((address, error));
                }
            }
        }
        None
    }

    fn has_delay_passed(&mut self, context: &mut Context<'_>) -> bool {
        let delay = self.delay.as_mut();
        delay.is_some_and(|(_, end)| end.as_mut().poll(context).is_ready())
    }

    fn start(&mut self, address: SocketAddr, connect: impl Fn(SocketAddr) -> F) {
        self.running.push(Box::pin(connect(address)));
        self.attempts.unanswered.push(address);
        if let Some((delay, end)) = &mut self.delay {
            // Not by `reset`: a deadline may be too far away to be written down.
            end.set(sleep(*delay));
        }
    }
}

#[cfg(all(test, not(target_os = "wasi")))]
mod tests {
    use std::cell::RefCell;
    use std::io::ErrorKind;

    use tokio::time::{Instant, timeout};

    use super::*;

    const DELAY: Duration = Duration::from_millis(250);

    /// What an attempt does, and after how many milliseconds.
    type Script = [(&'static str, u64, Result<(), ErrorKind>)];

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    /// The address that won or what was tried, when that was, and when each attempt started.
    async fn run(
        script: &Script,
        delay: Option<Duration>,
    ) -> (Result<SocketAddr, Attempts>, u128, Vec<u128>) {
        let (start, starts) = (Instant::now(), RefCell::new(Vec::new()));
        let addresses = script.iter().map(|(text, ..)| address(text)).collect();
        let mut attempts = Attempts::default();
        let connection = first(addresses, delay, &mut attempts, |to| {
            starts.borrow_mut().push(start.elapsed().as_millis());
            let step = script.iter().find(|(text, ..)| address(text) == to);
            let (_, after, result) = *step.expect("an address of the script");
            async move {
                sleep(Duration::from_millis(after)).await;
                result.map(|()| to).map_err(io::Error::from)
            }
        })
        .await;
        let took = start.elapsed().as_millis();
        (connection.ok_or(attempts), took, starts.into_inner())
    }

    #[test]
    fn families_take_turns_and_the_first_address_stays_first() {
        let listed = ["1.1.1.1:1", "2.2.2.2:1", "[::3]:1", "3.3.3.3:1", "[::4]:1"].map(address);
        let expected = ["1.1.1.1:1", "[::3]:1", "2.2.2.2:1", "[::4]:1", "3.3.3.3:1"].map(address);
        assert_eq!(in_turn(&listed), expected);
        assert_eq!(
            in_turn(&listed[2..]),
            ["[::3]:1", "3.3.3.3:1", "[::4]:1"].map(address)
        );
        assert!(in_turn(&[]).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_address_is_tried_beside_one_that_does_not_answer() {
        let script = [("[::1]:1", 10_000, Ok(())), ("1.1.1.1:1", 20, Ok(()))];
        let (result, took, starts) = run(&script, Some(DELAY)).await;
        assert_eq!(result.expect("a connection"), address("1.1.1.1:1"));
        assert_eq!((took, starts), (270, vec![0, 250]));
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_that_is_late_still_wins_before_the_next() {
        let script = [("[::1]:1", 260, Ok(())), ("1.1.1.1:1", 20, Ok(()))];
        let (result, took, starts) = run(&script, Some(DELAY)).await;
        assert_eq!(result.expect("a connection"), address("[::1]:1"));
        assert_eq!((took, starts), (260, vec![0, 250]));
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_failure_the_next_address_is_tried_at_once() {
        let refused = Err(ErrorKind::ConnectionRefused);
        let script = [
            ("[::1]:1", 5, refused),
            ("1.1.1.1:1", 10_000, Ok(())),
            ("[::2]:1", 1, Ok(())),
        ];
        let (result, took, starts) = run(&script, Some(DELAY)).await;
        assert_eq!(result.expect("a connection"), address("[::2]:1"));
        assert_eq!((took, starts), (256, vec![0, 5, 255]));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_delay_they_are_tried_one_after_the_other() {
        let script = [
            ("[::1]:1", 5_000, Err(ErrorKind::TimedOut)),
            ("1.1.1.1:1", 1, Ok(())),
        ];
        let (result, took, starts) = run(&script, None).await;
        assert_eq!(result.expect("a connection"), address("1.1.1.1:1"));
        assert_eq!((took, starts), (5_001, vec![0, 5_000]));
    }

    #[tokio::test(start_paused = true)]
    async fn if_all_fail_each_error_is_returned_in_order() {
        let script = [
            ("[::1]:1", 300, Err(ErrorKind::TimedOut)),
            ("1.1.1.1:1", 10, Err(ErrorKind::ConnectionRefused)),
        ];
        let (result, took, _) = run(&script, Some(DELAY)).await;
        let attempts = result.expect_err("no connection");
        assert!(attempts.unanswered.is_empty());
        let kinds: Vec<_> = (attempts.failed.iter())
            .map(|(to, error)| (*to, error.kind()))
            .collect();
        assert_eq!(
            kinds,
            [
                (address("1.1.1.1:1"), ErrorKind::ConnectionRefused),
                (address("[::1]:1"), ErrorKind::TimedOut)
            ]
        );
        assert_eq!(took, 300);
        let (result, ..) = run(&[], Some(DELAY)).await;
        assert!(result.expect_err("no address").failed.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_tried_is_known_after_a_limit_has_ended_the_race() {
        let addresses = ["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"].map(address);
        let mut attempts = Attempts::default();
        let race = first(
            addresses.into(),
            Some(DELAY),
            &mut attempts,
            |to| async move {
                if to == address("1.1.1.1:1") {
                    return Err(ErrorKind::ConnectionRefused.into());
                }
                std::future::pending::<io::Result<()>>().await
            },
        );
        let limit = DELAY + DELAY / 2;
        timeout(limit, race).await.expect_err("it takes for ever");
        let [(failed, error)] = &attempts.failed[..] else {
            panic!("{attempts:?}");
        };
        assert_eq!(
            (*failed, error.kind()),
            (addresses[1], ErrorKind::ConnectionRefused)
        );
        assert_eq!(attempts.unanswered, [addresses[0], addresses[2]]);
    }
}
