//! A connection each second, straight to the server, which must answer.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use wasio_chaos::pattern::{self, PROBE};
use wasio_chaos::plan::{Fault, Party};

use crate::process::{Process, this_thread_waited};
use crate::shared::Shared;

const INTERVAL: Duration = Duration::from_secs(1);
const LIMIT: Duration = Duration::from_secs(2);
const LEN: usize = 100;

/// A probe proves nothing if the server or its own thread waited longer for a core while it was under way.
const MOST_STARVED: Duration = Duration::from_millis(500);

/// What the probes showed.
#[derive(Debug, Default)]
pub(crate) struct Probes {
    pub(crate) answered: Vec<Duration>,
    /// Those that had no answer in time, for which there was a reason.
    pub(crate) excused: u64,
}

/// Probes until the run ends.
pub(crate) fn probe(shared: &Shared, server: SocketAddr, process: Process) -> Probes {
    let mut probes = Probes::default();
    for number in 0.. {
        shared.sleep(INTERVAL);
        if shared.has_ended() {
            break;
        }
        if shared.is_quiet() {
            continue;
        }
        let (start, waits, own) = (Instant::now(), process.waits(), this_thread_waited());
        let result = ask(server, PROBE | number);
        let took = start.elapsed();
        let starved = process.waits().since(&waits) + this_thread_waited().saturating_sub(own);
        match result {
            Ok(()) if took <= LIMIT => probes.answered.push(took),
            _ if shared.has_had(start, keeps_from_answering) || starved > MOST_STARVED => {
                probes.excused += 1;
            }
            Ok(()) => shared.violation(&format!(
                "a probe was answered after {took:?}, {starved:?} of which there was no core for it"
            )),
            Err(error) => shared.violation(&format!(
                "a probe has no answer after {took:?}, {starved:?} of which there was no core for it: {error}"
            )),
        }
    }
    probes
}

fn ask(server: SocketAddr, id: u64) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&server, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.write_all(&pattern::bytes(id, 0, LEN))?;
    let mut answer = [0; LEN];
    stream.read_exact(&mut answer)?;
    pattern::check(id, 0, &answer).map_err(io::Error::other)
}

fn keeps_from_answering(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::Stop { of: Party::Server }
            | Fault::Descriptors {
                of: Party::Server,
                ..
            }
    )
}
