//! Prints its arguments and one environment variable, copies its input to its output, and prints
//! the length of the input to standard error.

use std::io::{self, Read, Write};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let variable = std::env::var("WASIO_TEST");
    println!("args {args:?} variable {variable:?}");
    let mut input = Vec::new();
    io::stdin().read_to_end(&mut input).expect("read the input");
    io::stdout().write_all(&input).expect("write the output");
    eprintln!("{} bytes", input.len());
}
