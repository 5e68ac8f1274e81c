//! The size of the server's file.

use super::{Effort, Scenario};
use crate::exchange::Protocol;
use crate::metric::{self, Sample};
use crate::peer::{Built, Peer, Place};

#[derive(Debug)]
pub(super) struct Size;

impl Scenario for Size {
    fn name(&self) -> &'static str {
        "size"
    }

    fn about(&self) -> &'static str {
        "the server's release build, stripped"
    }

    fn sizes(&self, _: Effort) -> Vec<usize> {
        vec![0]
    }

    fn suits(&self, peer: &Peer, _: usize) -> bool {
        peer.place != Place::Native
    }

    fn varies(&self) -> bool {
        false
    }

    fn speaks(&self) -> &[Protocol] {
        &[Protocol::Echo, Protocol::Http]
    }

    fn measure(&self, peer: &Built, _: usize, _: Effort) -> anyhow::Result<Sample> {
        Ok(vec![(metric::SIZE, peer.size_bytes as f64)])
    }
}
