//! Shows its arguments and one variable, and copies its input to its output
//! and the length of it to its error output.

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
