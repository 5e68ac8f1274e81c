//! What the scripted host answers to libc's `poll`.

use std::io;

use super::{BADF, Call, MS, World};
use crate::portable::Direction;
use crate::portable::tests::model::Fault;
use crate::sys::poll_fd::PollFd;

impl World {
    pub(super) fn begin_fds(&mut self, fds: &[PollFd], timeout_ms: i32) -> io::Result<u64> {
        let call = Call::Fds {
            fds: fds.len(),
            timeout_ms,
        };
        self.begin(call, fds.len());
        let is_scripted = fds.len() > 1 && self.fd_failures > 0;
        self.fd_failures -= u32::from(is_scripted);
        // Of one alone it would be the error of that one.
        let is_fault = fds.len() > 1 && matches!(self.fault, Some(Fault::Error(_)));
        let fails = is_scripted || is_fault;
        let is_gone = |fd: &PollFd| {
            let id = u32::try_from(fd.fd);
            id.is_ok_and(|id| !self.sources.contains_key(&id))
        };
        // libc fails for all of them.
        if fails || fds.iter().any(is_gone) {
            return Err(io::Error::from_raw_os_error(BADF));
        }
        Ok(match u64::try_from(timeout_ms) {
            Ok(timeout_ms) => self.now_ns + timeout_ms * MS,
            Err(_) => u64::MAX,
        })
    }

    pub(super) fn answer_fds(&self, fds: &mut [PollFd], end_ns: u64) -> Result<usize, u64> {
        let is_early = self.fault == Some(Fault::Early);
        for one in &mut *fds {
            one.revents = match u32::try_from(one.fd) {
                Ok(id) if !is_early => self.revents(id, one.events),
                _ => 0,
            };
        }
        let ready = fds.iter().filter(|one| one.revents != 0).count();
        if ready > 0 || is_early || self.now_ns >= end_ns {
            Ok(ready)
        } else {
            Err(end_ns)
        }
    }

    fn revents(&self, id: u32, events: i16) -> i16 {
        let source = self.sources[&id];
        if source.failed {
            return PollFd::POLLERR;
        }
        let directions = [PollFd::POLLRDNORM, PollFd::POLLWRNORM].into_iter();
        let asked = directions.zip(Direction::BOTH);
        let asked = asked.filter(|(bit, _)| events & bit != 0);
        let is_fault = self.fault == Some(Fault::Spurious(id));
        let ready = asked.filter(|(_, direction)| is_fault || self.is_ready(id, *direction));
        let revents = ready.fold(0, |revents, (bit, _)| revents | bit);
        let hangs_up = source.ended && revents & PollFd::POLLRDNORM != 0;
        revents | if hangs_up { PollFd::POLLHUP } else { 0 }
    }
}
