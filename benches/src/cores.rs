//! The server on one core, the client on another.
//!
//! Left to the system, the two share a core in some rounds and not in others. On
//! one core the client often runs as soon as the server has written, so that the
//! server's next read already finds the next message: it never waits, and what
//! is measured is not its loop. The same server then does four times or twenty
//! times as much as in the round before.

use core_affinity::CoreId;

/// Runs `start`, whose threads and processes stay on the last core; from then
/// on the calling thread stays on the first. Does only the former where there
/// are not two cores, or where the system cannot tie threads to cores.
pub fn apart<T>(start: impl FnOnce() -> T) -> T {
    let cores = cores();
    if let Some((_, servers)) = cores {
        core_affinity::set_for_current(servers);
    }
    let started = start();
    if let Some((clients, _)) = cores {
        core_affinity::set_for_current(clients);
    }
    started
}

/// The first and the last: neighbours often share one core's parts. They are
/// looked up once, since a thread that is tied to one core sees only that.
fn cores() -> Option<(CoreId, CoreId)> {
    static CORES: std::sync::OnceLock<Option<(CoreId, CoreId)>> = std::sync::OnceLock::new();
    *CORES.get_or_init(|| {
        let all = core_affinity::get_core_ids()?;
        let (first, last) = (*all.first()?, *all.last()?);
        (first != last).then_some((first, last))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_thread_started_apart_is_on_another_core() {
        let own = || core_affinity::get_core_ids().unwrap_or_default();
        if own().len() < 2 {
            return;
        }
        let theirs = apart(|| std::thread::spawn(own)).join().unwrap();
        assert_eq!(theirs.len(), 1);
        assert_eq!(own().len(), 1);
        assert_ne!(theirs, own());
    }
}
