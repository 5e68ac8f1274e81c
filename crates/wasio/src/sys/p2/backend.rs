//! What the handles of a 0.2 selector share beside the registrations.

/// The 0.2 backend, on the host `H`.
#[derive(Debug)]
pub(crate) struct P2<H> {
    pub(super) host: H,
}
