//! Connects that end during a wait.
//!
//! The host has one pollable for the end of a connect, whatever came of it. So the wait itself takes
//! the result: a connect that succeeded makes its stream writable, and readable only if something has
//! come. From then on the stream's own pollables are waited for, whatever the program does.

use super::backend::P2;
use super::event::{Answer, Ready};
use super::host::{Handle, Host};
use crate::portable::{Direction, Shared};

/// Takes the results of the connects that have ended according to the answers of a wait. Removes the
/// answers that are not events.
#[inline]
pub(super) fn settle<H: Host>(shared: &Shared<P2<H>>, ready: &mut Vec<Ready>) {
    if shared.backend.host.has_connects() {
        settle_each(shared, ready);
    }
}

#[cold]
fn settle_each<H: Host>(shared: &Shared<P2<H>>, ready: &mut Vec<Ready>) {
    let mut ended = Vec::new();
    ready.retain(|one| is_event(shared, one, &mut ended));
    // Here, where nothing is locked, and when no answer is left that names them.
    for handle in ended {
        shared.backend.host.release_connect(handle);
    }
}

fn is_event<H: Host>(shared: &Shared<P2<H>>, ready: &Ready, ended: &mut Vec<Handle>) -> bool {
    let Answer::Pollable(handle) = ready.answer else {
        return true;
    };
    let mut state = shared.lock();
    let Some(mut changed) = state.registrations.get_mut(ready.key) else {
        return true;
    };
    let interest = changed.registration.interest;
    let Some(connected) = shared.backend.host.connected(handle, interest) else {
        return true;
    };
    changed.set_source(connected);
    ended.push(handle);
    ready.direction == Direction::Write || connected.is_ahead(Direction::Read)
}
