//! Instructions of the guest, which do not depend on the machine.

use anyhow::Context;
use wasio_host::peer::connect;

use super::{Effort, Scenario};
use crate::client::{open_idle, round_trip};
use crate::exchange::SMALL_BYTES;
use crate::metric::{self, Sample};
use crate::peer::{Built, Peer, Place};

/// The numbers of round trips in the shorter and in the longer run. The difference of the two runs
/// is the cost of the round trips: starting and ending the server cancel out.
const FEW: u32 = 200;
const MANY: u32 = 1_200;

#[derive(Debug)]
pub(super) struct Fuel;

impl Scenario for Fuel {
    fn name(&self) -> &'static str {
        "fuel"
    }

    fn about(&self) -> &'static str {
        "WebAssembly instructions of the guest for 64 bytes there and back, beside idle connections"
    }

    fn sizes(&self, _: Effort) -> Vec<usize> {
        vec![0, 1_000]
    }

    fn suits(&self, peer: &Peer, size: usize) -> bool {
        peer.place != Place::Native && size <= peer.most_connections
    }

    fn measure(&self, peer: &Built, size: usize, _: Effort) -> anyhow::Result<Sample> {
        let (few, many) = (run(peer, size, FEW)?, run(peer, size, MANY)?);
        let each = (many - few) / f64::from(MANY - FEW);
        Ok(vec![(metric::FUEL, each)])
    }
}

/// Returns the fuel of a server from its start to its end.
fn run(peer: &Built, idle: usize, round_trips: u32) -> anyhow::Result<f64> {
    let server = peer.start_with(&[], true)?;
    let idle = open_idle(server.addr(), peer.peer.protocol, idle)?;
    let exchange = peer.peer.protocol.exchange(&[1; SMALL_BYTES]);
    let mut back = vec![0; exchange.answer_len()];
    let mut stream = connect(server.addr())?;
    for _ in 0..round_trips {
        round_trip(&mut stream, &exchange, &mut back)?;
    }
    // Stop it while its connections are open, so that closing them is not measured.
    let fuel = server.fuel()?;
    drop(idle);
    let fuel = fuel.context("the host counted no fuel")?;
    Ok(fuel as f64)
}
