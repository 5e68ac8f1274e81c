//! Computes for a while, and checks that the host measures fuel and CPU time.

use std::hint::black_box;

use wasio_guests::{cpu_ns, fuel_used};

fn main() {
    let (fuel, cpu) = (fuel_used(), cpu_ns());
    let sum = (0..5_000_000_u64).fold(0, |sum, i| black_box(sum ^ i));
    black_box(sum);
    if let (Some(before), Some(after)) = (fuel, fuel_used()) {
        let used = after - before;
        assert!(used > 5_000_000 && used < 500_000_000, "{used} units");
        println!("fuel");
    }
    if let (Some(before), Some(after)) = (cpu, cpu_ns()) {
        let used = after - before;
        assert!(used > 500_000 && used < 5_000_000_000, "{used} ns");
        println!("cpu");
    }
}
