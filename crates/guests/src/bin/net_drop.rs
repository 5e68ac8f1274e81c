//! Dropping a source deregisters it: no event of it comes, not even one that the host
//! has reported already.

use wasio::{Interest, Token};
use wasio_guests::driver::{Driver, accept_each, drain, say};

fn main() {
    let [mut one, mut two, mut three] = accept_each(&mut wasio_guests::listener());
    let mut both = Driver::default();
    both.register(&mut one, 1, Interest::READABLE);
    both.register(&mut two, 2, Interest::READABLE);
    // All three are ready from here on.
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

    // Dropped before the poll.
    both.register(&mut one, 1, Interest::READABLE);
    both.register(&mut two, 2, Interest::READABLE);
    say(&one, "dropped");
    drop(one);
    both.expect(2);
    assert_eq!(drain(&mut two).0, b"x");
    both.expect_silence();

    // Dropped after the host has reported it, when there was no room to say so.
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
