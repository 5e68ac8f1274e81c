//! Timeouts, timers and the waker: the guest does it all.

use crate::harness::Case;

pub(crate) fn any_empty_poll(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn any_zero_capacity(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn any_timeouts(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn any_zero_timeout(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn any_waker(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn any_task_timers(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn any_timers(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn any_many_timers(case: &Case) {
    assert_eq!(case.start().succeeds().stdout_text(), "done\n");
}

pub(crate) fn any_poll_beside_timers(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn any_least_room(case: &Case) {
    case.start().succeeds();
}
