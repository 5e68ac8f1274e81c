//! A thread exits the program with code 7 while the main thread waits for something else.

use std::sync::mpsc;
use std::thread;

fn main() {
    let (sender, receiver) = mpsc::channel::<()>();
    thread::spawn(|| std::process::exit(7));
    // The sender still exists, so this would wait forever.
    let _ = receiver.recv();
    drop(sender);
}
