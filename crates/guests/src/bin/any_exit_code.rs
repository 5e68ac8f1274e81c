//! Exits with the code that its first argument names.

fn main() {
    let code = std::env::args().nth(1).expect("a code");
    std::process::exit(code.parse().expect("a number"));
}
