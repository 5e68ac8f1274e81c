//! The same bytes may be listed so often that their lengths have a sum of more than 32 bits.

use std::io::{IoSlice, Write};

use wasio_guests::driver::accept;

fn main() {
    let mut stream = accept(&mut wasio_guests::listener());
    let bytes = vec![7; 1 << 20];
    let slices = vec![IoSlice::new(&bytes); 1 << 12];
    let written = stream.write_vectored(&slices).expect("write");
    assert!(written > 0, "nothing was written");
}
