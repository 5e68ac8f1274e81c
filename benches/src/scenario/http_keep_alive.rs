//! One busy HTTP connection among idle ones.

use super::{Effort, Scenario, figures};
use crate::client::{open_idle, ping_pong};
use crate::exchange::{Exchange, Protocol};
use crate::metric::Sample;
use crate::peer::Built;

#[derive(Debug)]
pub(super) struct HttpKeepAlive;

impl Scenario for HttpKeepAlive {
    fn name(&self) -> &'static str {
        "http_keep_alive"
    }

    fn about(&self) -> &'static str {
        "one connection repeatedly sends GET / and waits for the response, beside idle connections"
    }

    fn speaks(&self) -> &[Protocol] {
        &[Protocol::Http]
    }

    fn sizes(&self, _: Effort) -> Vec<usize> {
        vec![0, 100, 1_000]
    }

    fn measure(&self, peer: &Built, size: usize, effort: Effort) -> anyhow::Result<Sample> {
        let server = peer.start()?;
        let idle = open_idle(server.addr(), peer.peer.protocol, size)?;
        let measured = ping_pong(&server, &Exchange::http_get(), effort.time())?;
        drop(idle);
        server.end()?;
        Ok(figures(&measured))
    }
}
