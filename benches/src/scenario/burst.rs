//! Many connections send at the same moment.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::ensure;

use super::{Effort, Scenario, figures};
use crate::client::{Measured, as_ns, new_histogram, open_idle};
use crate::exchange::SMALL_BYTES;
use crate::metric::Sample;
use crate::peer::Built;

const AT_ONCE: usize = 500;
/// The pause between two bursts, after which the server is idle.
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(super) struct Burst;

impl Scenario for Burst {
    fn name(&self) -> &'static str {
        "burst"
    }

    fn about(&self) -> &'static str {
        "after a silence 500 connections send 64 bytes at once: how long until each has them back"
    }

    fn busy(&self) -> usize {
        AT_ONCE
    }

    fn sizes(&self, _: Effort) -> Vec<usize> {
        vec![0, 1_000]
    }

    fn measure(&self, peer: &Built, size: usize, effort: Effort) -> anyhow::Result<Sample> {
        let server = peer.start()?;
        let idle = open_idle(server.addr(), peer.peer.protocol, size)?;
        let mut waking = open_idle(server.addr(), peer.peer.protocol, AT_ONCE)?;
        let bursts = effort.pick(10, 100);
        let mut measured = Measured {
            round_trips: 0,
            elapsed: Duration::ZERO,
            server_cpu: Duration::ZERO,
            latency_ns: new_histogram(),
        };
        for _ in 0..bursts {
            std::thread::sleep(PAUSE);
            let cpu = server.cpu_time();
            let elapsed = burst(&mut waking, &mut measured)?;
            measured.elapsed += elapsed;
            measured.server_cpu += server.cpu_time().saturating_sub(cpu);
        }
        drop(idle);
        server.end()?;
        Ok(figures(&measured))
    }
}

/// Runs one burst, and checks every byte that comes back.
fn burst(streams: &mut [TcpStream], measured: &mut Measured) -> anyhow::Result<Duration> {
    let start = Instant::now();
    for stream in &mut *streams {
        stream.write_all(&[0xb5; SMALL_BYTES])?;
    }
    for stream in streams {
        let mut back = [0; SMALL_BYTES];
        stream.read_exact(&mut back)?;
        ensure!(back == [0xb5; SMALL_BYTES], "other bytes came back");
        measured.round_trips += 1;
        measured
            .latency_ns
            .saturating_record(as_ns(start.elapsed()));
    }
    Ok(start.elapsed())
}
