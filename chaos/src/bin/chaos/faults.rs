//! Performs the faults of the plan.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::connect_unspec;
use rustix::process::Rlimit;
use wasio_chaos::pattern::{self, FLOOD};
use wasio_chaos::plan::{self, Fault, Flood, Party, Planned};

use crate::process::Process;
use crate::shared::Shared;

/// A fault that cannot begin by so long after its time does not come: the machine is too busy.
const MOST_LATE: Duration = Duration::from_secs(1);

/// The processes that faults happen to, and the address of the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Victims {
    pub(crate) server: Process,
    pub(crate) client: Process,
    pub(crate) address: SocketAddr,
}

/// Performs all faults, each at its time. Ends with the run, and leaves none under way.
pub(crate) fn perform(shared: &Shared, victims: Victims) {
    thread::scope(|scope| {
        for planned in plan::faults(shared.seed, shared.length) {
            shared.sleep_until(planned.at);
            if shared.has_ended() {
                return;
            }
            // Later it could reach into the next quiet time.
            if shared.at() > planned.at + MOST_LATE {
                shared.counts.late_faults.fetch_add(1, Ordering::SeqCst);
                continue;
            }
            scope.spawn(move || {
                shared.begin(&planned);
                if let Err(error) = one(shared, victims, planned)
                    && !is_gone(&error)
                {
                    let fault = planned.fault;
                    shared.violation(&format!("chaos cannot perform {fault:?}: {error}"));
                }
                shared.finish(&planned);
            });
        }
    });
}

/// Whether the process is not there any more. That is no failure of the fault: whether it had to end
/// is judged where it is waited for.
fn is_gone(error: &std::io::Error) -> bool {
    error.raw_os_error() == Some(Errno::SRCH.raw_os_error())
}

fn one(shared: &Shared, victims: Victims, planned: Planned) -> std::io::Result<()> {
    let process = |of| match of {
        Party::Server => victims.server,
        Party::Client => victims.client,
    };
    match planned.fault {
        Fault::Flood { connections, then } => {
            flood(shared, victims.address, connections, then, planned.lasts);
            Ok(())
        }
        Fault::Descriptors { of, spare } => {
            let limited = Limited::new(process(of), spare)?;
            shared.sleep(planned.lasts);
            limited.restore()
        }
        Fault::Stop { of } => {
            process(of).stop()?;
            shared.sleep(planned.lasts);
            process(of).resume()
        }
        Fault::Stall => {
            shared.stalls.store(true, Ordering::SeqCst);
            shared.sleep(planned.lasts);
            shared.stalls.store(false, Ordering::SeqCst);
            Ok(())
        }
        Fault::Refuse => {
            shared.refuses.store(true, Ordering::SeqCst);
            shared.sleep(planned.lasts);
            shared.refuses.store(false, Ordering::SeqCst);
            Ok(())
        }
    }
}

/// A process that may open hardly any more descriptors.
struct Limited {
    process: Process,
    before: Rlimit,
}

impl Limited {
    fn new(process: Process, spare: u64) -> std::io::Result<Self> {
        let before = process.limit_descriptors(spare)?;
        Ok(Self { process, before })
    }

    fn restore(self) -> std::io::Result<()> {
        self.process.set_limit(self.before)
    }
}

/// Connects so often and keeps what is connected for as long as the fault lasts, unless it closes.
fn flood(shared: &Shared, server: SocketAddr, connections: u64, then: Flood, lasts: Duration) {
    let mut kept = Vec::new();
    for number in (0..connections).take_while(|_| !shared.has_ended()) {
        // A queue that is full is one of the faults.
        let Ok(mut stream) = TcpStream::connect_timeout(&server, Duration::from_millis(100)) else {
            continue;
        };
        let bytes = pattern::bytes(FLOOD | number, 0, 2_000);
        match then {
            Flood::Close => drop(stream),
            Flood::Reset => {
                let _ = connect_unspec(&stream);
            }
            Flood::SendAndClose => {
                let _ = stream.write_all(&bytes);
            }
            Flood::NeverRead => {
                let _ = stream.write_all(&bytes);
                kept.push(stream);
            }
        }
    }
    if then == Flood::NeverRead {
        shared.sleep(lasts);
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    // The client may end before its limit is lifted.
    #[test]
    fn a_process_that_has_ended_is_no_failed_fault() {
        let mut child = Command::new("true").spawn().expect("start");
        let process = Process::new(child.id()).expect("a process");
        child.wait().expect("its end");
        let stopped = process.stop().expect_err("it is gone");
        let limited = process.limit_descriptors(3).expect_err("it is gone");
        assert!(
            is_gone(&stopped) && is_gone(&limited),
            "{stopped} {limited}"
        );
        assert!(!is_gone(&Errno::PERM.into()));
    }
}
