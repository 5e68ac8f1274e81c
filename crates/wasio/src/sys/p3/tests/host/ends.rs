//! How operations end, and what goes wrong in them. None of it ends a program.

use super::{COMPLETED, DROPPED, Host, Kind, RETURNED};
use crate::portable::tests::faults::{Fault, Faults};

/// How an operation in flight goes wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failing {
    /// The most that it moves, although there is more, or room for more.
    most: usize,
    /// The other end is gone after that, by an error.
    ends: bool,
    /// The host does not say by which.
    is_unsaid: bool,
}

impl Failing {
    /// It does not.
    pub(super) const NONE: Self = Self {
        most: usize::MAX,
        ends: false,
        is_unsaid: false,
    };

    /// [`Fault::Error`] is one of these.
    const ALL: [Self; 4] = [
        Self {
            most: 0,
            ends: true,
            ..Self::NONE
        },
        Self {
            most: 1,
            ..Self::NONE
        },
        Self {
            most: 0,
            ends: true,
            is_unsaid: true,
        },
        Self {
            most: 1,
            ends: true,
            ..Self::NONE
        },
    ];

    fn of(which: u8) -> Self {
        Self::ALL[usize::from(which) % Self::ALL.len()]
    }

    /// That of an operation that starts.
    pub(super) fn of_call(faults: &mut Faults) -> Self {
        faults.of_call().map_or(Self::NONE, Self::of)
    }
}

impl Host {
    /// How the operation in flight ends, if it can. The memory is written.
    pub(super) fn end_of(&mut self, number: u32) -> Option<u32> {
        let (rules, now_ns) = (self.rules, self.now_ns);
        let one = self.handles.get_mut(number as usize - 1)?.as_mut()?;
        let memory = one.operation.as_ref()?;
        let failing = one.failing;
        match one.kind {
            Kind::Set | Kind::Loose => None,
            Kind::Clock(at_ns) => (at_ns <= now_ns).then_some(RETURNED),
            Kind::Input(peer) => {
                let peer = self.peers.entry(peer).or_default();
                let count = peer.give(memory, failing.most);
                if failing.ends {
                    peer.fail(failing.is_unsaid);
                    // Its writes fail, too.
                    self.changed.extend(&peer.handles);
                }
                let is_last = peer.ended.is_some() && peer.given == peer.sent;
                let says_so = count == 0 || rules.ends_with_bytes || failing.ends;
                one.is_over = is_last && says_so;
                (count > 0 || one.is_over || rules.reads_nothing).then(|| coded(count, one.is_over))
            }
            Kind::Output(peer) => {
                let peer = self.peers.entry(peer).or_default();
                let is_gone = peer.ended == Some(true);
                if !(is_gone || failing.ends || peer.room) {
                    return None;
                }
                let count = rules.taken_of(memory.len).min(failing.most);
                let count = if is_gone { 0 } else { count };
                peer.room &= count < memory.len;
                let is_over = is_gone || failing.ends;
                one.is_over = is_over;
                peer.refuses |= is_over;
                if !peer.take(&memory.read(count)) {
                    self.trap("these are other bytes than were written");
                }
                Some(coded(count, is_over))
            }
            Kind::End(peer) => {
                let peer = self.peers.entry(peer).or_default();
                let is_reset = peer.ended?;
                one.is_over = true;
                if peer.is_unsaid || failing.ends {
                    peer.told = Some(false);
                    return Some(DROPPED);
                }
                peer.told = Some(is_reset);
                memory.write(if is_reset { &[1, 2] } else { &[0, 0] });
                Some(COMPLETED)
            }
        }
    }

    /// The fault of a wait that begins. Returns by how much the wait is too long. No wait fails: an
    /// error is that of an operation in flight. And none ends early by itself: its clock does.
    pub(super) fn meet_fault(&mut self) -> u64 {
        match self.faults.of_wait(&mut self.now_ns) {
            Some(Fault::Late(ns)) => return ns,
            Some(Fault::Error(which)) => self.fail_one(Failing::of(which)),
            Some(Fault::Spurious(peer)) => self.end_for_nothing(peer),
            Some(Fault::Early) => self.end_clocks(),
            Some(Fault::Jump(_)) | None => {}
        }
        0
    }

    /// One of the operations in flight fails, another each time.
    fn fail_one(&mut self, failing: Failing) {
        let handles = (1..).zip(&mut self.handles);
        let mut busy: Vec<_> = handles
            .filter_map(|(number, one)| Some((number, one.as_mut()?)))
            .filter(|(_, one)| one.operation.is_some() && !matches!(one.kind, Kind::Clock(_)))
            .collect();
        let turn = usize::try_from(self.waits).unwrap_or(0) % busy.len().max(1);
        if let Some((number, one)) = busy.get_mut(turn) {
            one.failing = failing;
            self.changed.push(*number);
        }
    }

    /// A read in flight ends with nothing, and the stream goes on. Of a write that would mean that the
    /// host takes no more.
    fn end_for_nothing(&mut self, peer: u32) {
        let handles = self.peers.get(&peer).map(|peer| peer.handles.clone());
        for number in handles.unwrap_or_default() {
            if let Some(one) = self.handle(number)
                && matches!(one.kind, Kind::Input(_))
                && one.operation.is_some()
            {
                one.event = Some(coded(0, false));
                self.end_operation(number);
                self.events.push_back(number);
            }
        }
    }

    /// Every operation in flight can end now, or a program that waits would hide its misuse.
    pub(super) fn end_everything(&mut self) {
        for peer in self.peers.values_mut() {
            peer.fail(false);
            self.changed.extend(&peer.handles);
        }
    }

    /// The calls that are to end a wait end now.
    fn end_clocks(&mut self) {
        let now_ns = self.now_ns;
        for number in self.clocks.clone() {
            if let Some(one) = self.handle(number) {
                one.kind = Kind::Clock(now_ns);
            }
        }
    }
}

fn coded(count: usize, is_over: bool) -> u32 {
    let count = u32::try_from(count).expect("few bytes");
    count << 4 | if is_over { DROPPED } else { COMPLETED }
}
