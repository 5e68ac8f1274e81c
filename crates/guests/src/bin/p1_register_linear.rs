//! Prints the cost of registering, reregistering and deregistering as many descriptors as its
//! argument says, in units of fuel.

use wasio::{Interest, Selector, Token};

fn main() {
    let count: usize = std::env::args().nth(1).expect("a count").parse().unwrap();
    let selector = Selector::new().expect("a selector");
    let descriptors = || (3..).take(count);
    let before = wasio_guests::fuel_used().expect("fuel is counted");
    for descriptor in descriptors() {
        let result = selector.register(descriptor, Token(1), Interest::READABLE);
        result.expect("register");
    }
    for descriptor in descriptors() {
        let result = selector.reregister(descriptor, Token(2), Interest::WRITABLE);
        result.expect("reregister");
    }
    for descriptor in descriptors() {
        selector.deregister(descriptor).expect("deregister");
    }
    println!(
        "{}",
        wasio_guests::fuel_used().expect("fuel is counted") - before
    );
}
