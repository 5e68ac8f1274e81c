//! Guests that are about WASI 0.2: they talk to themselves.

use crate::harness::Case;

mod http;
mod limits;

pub(crate) use http::*;
pub(crate) use limits::*;

pub(crate) fn p2_pollable(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn p2_many_looks(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn p2_connect(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn p2_drop_order(case: &Case) {
    assert_eq!(case.start().succeeds().stdout_text(), "468 orders\n");
}

pub(crate) fn p2_udp(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn p2_writes(case: &Case) {
    let outcome = case.start().succeeds();
    let text = outcome.stdout_text();
    let sent: usize = text.strip_suffix(" bytes\n").unwrap().parse().unwrap();
    assert!(sent > 4 * 64 * 1024, "{text}");
}

pub(crate) fn p2_mixed(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn p2_no_lookup(case: &Case) {
    case.setup().without_name_lookup().start().succeeds();
}

pub(crate) fn p2_descriptors(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn p2_no_network(case: &Case) {
    case.setup().without_network().start().succeeds();
}
