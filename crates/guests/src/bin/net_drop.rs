//! Dropping a source deregisters it: no event of it is returned, not even one that the host has
//! already reported.

use wasio::{Interest, Token};
use wasio_guests::driver::{Driver, accept_each, drain, say};

fn main() {
    let [mut one, mut two, mut three] = accept_each(&mut wasio_guests::listener());
    let mut both = Driver::default();
    both.register(&mut one, 1, Interest::READABLE);
    both.register(&mut two, 2, Interest::READABLE);
    // From here on all three are ready.
    let mut ready = Vec::new();
    while ready.len() < 2 {
        ready.extend(both.next_tokens());
    }
    both.poll
        .registry()
        .deregister(&mut one)
        .expect("deregister");
    both.poll
        .registry()
        .deregister(&mut two)
        .expect("deregister");
    both.register(&mut three, 3, Interest::READABLE);
    both.expect(3);
    both.poll
        .registry()
        .deregister(&mut three)
        .expect("deregister");
    both.poll
        .registry()
        .deregister(&mut three)
        .expect_err("deregister twice");

    // Drop one before the poll.
    both.register(&mut one, 1, Interest::READABLE);
    both.register(&mut two, 2, Interest::READABLE);
    say(&one, "dropped");
    drop(one);
    both.expect(2);
    assert_eq!(drain(&mut two).0, b"x");
    both.expect_silence();

    // Drop one after the host has reported it, while its event waits for room.
    let mut small = Driver::with_capacity(1);
    both.poll
        .registry()
        .deregister(&mut two)
        .expect("deregister");
    say(&two, "again");
    small.register(&mut two, 2, Interest::READABLE);
    small.expect(2);
    small
        .poll
        .registry()
        .reregister(&mut two, Token(2), Interest::READABLE)
        .expect("reregister");
    small.register(&mut three, 3, Interest::READABLE);
    match small.next_tokens()[..] {
        [2] => drop(three),
        [3] => drop(two),
        ref other => panic!("{other:?}"),
    }
    small.expect_silence();
}
