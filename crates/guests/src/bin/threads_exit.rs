//! A thread exits with code 7 while the main thread waits for another.

use std::sync::mpsc;
use std::thread;

fn main() {
    let (sender, receiver) = mpsc::channel::<()>();
    thread::spawn(|| std::process::exit(7));
    // The sender lives: this would wait for ever.
    let _ = receiver.recv();
    drop(sender);
}
