//! Runs the server on one core and the client on another.
//!
//! Without this, the two would share a core in some rounds and not in others. On a shared core the
//! client often runs as soon as the server has written, so the server's next read already finds the
//! next message. Then the server never waits, and the measurement is not about its loop. Its speed
//! can be four to twenty times that of the previous round.

use core_affinity::CoreId;

/// Runs `start` on the last core, where its threads and processes remain. From then on the calling
/// thread is bound to the first core. Without two cores, or where the system cannot bind threads,
/// this only runs `start`.
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

/// Returns the first and the last core, because neighbouring cores often share hardware. The list
/// is read only once, because a thread that is bound to a core sees only that core.
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
