//! A subtask of bindings that are not wasio's is a source beside the others: here a call of the clock.
#![allow(unsafe_code, reason = "imports of WASI 0.3")]

use std::time::{Duration, Instant};

use wasio::{Interest, Waitable};
use wasio_guests::driver::Driver;
use wasio_guests::waitables::RETURNED;

#[link(wasm_import_module = "wasi:clocks/monotonic-clock@0.3.0")]
unsafe extern "C" {
    #[link_name = "[async-lower]wait-for"]
    safe fn wait_for(duration_ns: u64) -> u32;
}

#[link(wasm_import_module = "$root")]
unsafe extern "C" {
    #[link_name = "[subtask-cancel]"]
    safe fn subtask_cancel(subtask: u32) -> u32;
    #[link_name = "[subtask-drop]"]
    safe fn subtask_drop(subtask: u32);
}

const CANCELLED: u32 = 4;
const SOON: Duration = Duration::from_millis(20);

fn start(duration: Duration) -> u32 {
    let status = wait_for(u64::try_from(duration.as_nanos()).expect("short"));
    assert!(status >> 4 != 0, "it has returned at once");
    status >> 4
}

fn main() {
    let mut driver = Driver::default();
    for _ in 0..3 {
        let begin = Instant::now();
        let mut soon = Waitable::new(start(SOON));
        let mut late = Waitable::new(start(Duration::from_secs(3600)));
        driver.register(&mut soon, 1, Interest::READABLE);
        driver.register(&mut late, 2, Interest::READABLE);
        assert_eq!(soon.take_code(), None);
        // It is reported until its code is taken.
        for _ in 0..2 {
            assert!(driver.expect(1).is_readable());
        }
        assert!(begin.elapsed() >= SOON, "{:?}", begin.elapsed());
        assert_eq!(soon.take_code(), Some(RETURNED));
        assert_eq!(soon.take_code(), None);
        subtask_drop(soon.handle());
        driver.expect_silence();
        // The other one goes back to its owner, who may cancel it then.
        let handle = late.handle();
        drop(late);
        assert_eq!(subtask_cancel(handle) & 15, CANCELLED);
        subtask_drop(handle);
    }
}
