//! Standard input that was dropped can be opened again, and is still there for the standard library.

use wasio::{Interest, stdio};
use wasio_guests::driver::{Driver, drain};

fn main() {
    for round in 0..3 {
        let mut stdin = stdio::stdin().expect("standard input");
        let mut driver = Driver::default();
        driver.register(&mut stdin, 1, Interest::READABLE);
        // The test sends the next line after it has read this one.
        println!("round {round}");
        let mut line = Vec::new();
        while line != b"line\n" {
            driver.expect(1);
            line.extend(drain(&mut stdin).0);
        }
    }
    println!("the rest");
    let rest = std::io::read_to_string(std::io::stdin()).expect("read");
    assert_eq!(rest, "rest");
}
