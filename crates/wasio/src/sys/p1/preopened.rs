//! Which of the open descriptors are listeners that the host handed in.

use super::abi::SOCKET_STREAM;
use super::host::Host;

/// Preopened descriptors start here: 0 to 2 are the standard streams.
const FIRST: u32 = 3;
/// The number of unused descriptors in a row that ends the scan. One does not, and neither does a
/// directory: some hosts number sockets before directories, others behind.
const GAP: u32 = 16;

/// The stream sockets that are open, in their order.
///
/// Run it before the program has accepted anything. Hosts report a listener and a connection alike:
/// the same file type, and on wasmtime the same rights.
pub(super) fn scan(host: &impl Host) -> Vec<u32> {
    let mut sockets = Vec::new();
    let mut unused = 0;
    for fd in FIRST.. {
        match host.fdstat(fd) {
            Ok(stat) => {
                unused = 0;
                if stat.filetype == SOCKET_STREAM {
                    sockets.push(fd);
                }
            }
            Err(_) => unused += 1,
        }
        if unused == GAP {
            break;
        }
    }
    sockets
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::HashMap;

    use super::super::abi::{DIRECTORY, Errno, Event, Fdstat, Subscription};
    use super::*;

    /// The file types of what is open.
    #[derive(Default)]
    struct Open(HashMap<u32, u8>);

    impl Host for Open {
        const THREADS: bool = false;

        fn poll_oneoff(&self, _: &[Subscription], _: &mut [Event]) -> Result<usize, Errno> {
            Err(Errno::NOSYS)
        }

        fn now_ns(&self) -> u64 {
            0
        }

        fn fdstat(&self, fd: u32) -> Result<Fdstat, Errno> {
            let filetype = self.0.get(&fd).ok_or(Errno::BADF)?;
            Ok(Fdstat::new(*filetype, 0))
        }
    }

    fn scanned<const N: usize>(open: [(u32, u8); N]) -> Vec<u32> {
        scan(&Open(HashMap::from(open)))
    }

    #[test]
    fn sockets_are_seen_before_and_behind_directories() {
        let open = [(3, SOCKET_STREAM), (4, DIRECTORY), (5, SOCKET_STREAM)];
        assert_eq!(scanned(open), [3, 5]);
    }

    #[test]
    fn standard_streams_are_not_handed_out() {
        assert_eq!(scanned([(0, SOCKET_STREAM), (2, SOCKET_STREAM)]), []);
    }

    #[test]
    fn a_gap_is_passed_over_unless_it_is_long() {
        let behind = FIRST + GAP - 1;
        assert_eq!(scanned([(behind, SOCKET_STREAM)]), [behind]);
        assert_eq!(scanned([(behind + 1, SOCKET_STREAM)]), []);
        let open = [(behind, DIRECTORY), (behind + GAP, SOCKET_STREAM)];
        assert_eq!(scanned(open), [behind + GAP]);
    }
}
