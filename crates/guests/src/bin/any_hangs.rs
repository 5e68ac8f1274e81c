//! Never ends. With the argument `sleep` it hangs in a host call, otherwise in guest code.

use std::hint::black_box;
use std::time::Duration;

fn main() {
    if std::env::args().nth(1).as_deref() == Some("sleep") {
        std::thread::sleep(Duration::from_secs(3600));
    }
    let mut count = 0_u64;
    loop {
        count = black_box(count.wrapping_add(1));
    }
}
