//! The scripted host: descriptors, things that will happen to them, and a virtual
//! clock that calls and waits move on.
//!
//! It checks the rules that every call has to keep, and it fails a test that would hang.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::abi::{self, Errno, Event, Fdstat, Subscription};
use super::super::host::Host;
use super::rules::{BadFd, Files, Lie, Rules};
use crate::portable::tests::model::{Fault, Faults};

pub(super) const MS: u64 = 1_000_000;
/// A test whose clock passes this would hang.
const DOOMSDAY_NS: u64 = 100 * 24 * 3600 * 1000 * MS;
const MAX_CALLS: u64 = 400_000;
/// The errors of faults.
pub(super) const ERRORS: [Errno; 4] = [Errno::INTR, Errno(29), Errno::INVAL, Errno::NOMEM];

fn error(which: u8) -> Errno {
    ERRORS[usize::from(which) % ERRORS.len()]
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Stream,
    Listener,
    File,
    Directory,
    /// The read end of a pipe.
    Pipe,
    Null,
}

#[derive(Copy, Clone, Debug)]
pub(super) struct Descriptor {
    pub(super) kind: Kind,
    /// Bytes to read, or connections to accept.
    pub(super) pending: u64,
    /// Whether there is room to write.
    pub(super) room: bool,
    pub(super) ended: bool,
    pub(super) reset: bool,
    /// The error of each wait for it, as an event.
    pub(super) refused: Option<Errno>,
}

pub(super) enum Happening {
    Bytes(u32, u64),
    Ended(u32),
    /// Something outside of the host, in "another thread".
    Run(Box<dyn FnOnce() + Send>),
}

/// What was asked in a call.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) userdata: u64,
    pub(super) fd: u32,
    pub(super) write: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) questions: Vec<Question>,
    pub(super) timeout_ns: u64,
    pub(super) clock: u64,
    pub(super) deadline_ns: u64,
    /// There is an error to report without delay.
    at_once: bool,
    /// What goes wrong in it.
    pub(super) fault: Option<Fault>,
}

enum Step {
    Done(Vec<Event>),
    Run(Box<dyn FnOnce() + Send>),
}

pub(super) struct World {
    pub(super) rules: Rules,
    pub(super) now_ns: u64,
    pub(super) fds: HashMap<u32, Descriptor>,
    script: BTreeMap<(u64, u64), Happening>,
    scripted: u64,
    /// Closed by a correct program: never to be asked about.
    pub(super) gone: HashSet<u32>,
    /// What another thread does just as the next call begins.
    pub(super) before_call: Option<Box<dyn FnOnce() + Send>>,
    /// The number of the next calls that are interrupted.
    pub(super) interrupts: u32,
    /// What goes wrong in the next calls.
    pub(super) faults: Faults,
    pub(super) polls: u64,
    pub(super) clocks: u64,
    pub(super) stats: u64,
    /// The calls since the test last took them.
    pub(super) calls: Vec<Call>,
    pub(super) keep_calls: bool,
    /// The sources that the last call was about.
    pub(super) asked: usize,
    /// The calls that had no clock.
    pub(super) endless: u64,
    /// The labels of earlier calls.
    pub(super) seen: Vec<u64>,
}

/// The host's side, and the test's.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<World>>);

thread_local! {
    static NEXT: RefCell<Option<Shared>> = const { RefCell::new(None) };
}

impl Shared {
    pub(super) fn new(rules: Rules) -> Self {
        let shared = Self(Arc::new(Mutex::new(World {
            rules,
            now_ns: 1_000 * MS,
            fds: HashMap::new(),
            script: BTreeMap::new(),
            scripted: 0,
            gone: HashSet::new(),
            before_call: None,
            interrupts: 0,
            faults: Faults::new(),
            polls: 0,
            clocks: 0,
            stats: 0,
            calls: Vec::new(),
            keep_calls: true,
            asked: 0,
            endless: 0,
            seen: Vec::new(),
        })));
        NEXT.set(Some(shared.clone()));
        shared
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll(&self, subscriptions: &[Subscription], events: &mut [Event]) -> Result<usize, Errno> {
        assert!(events.len() >= subscriptions.len(), "too little room");
        let before_call = self.lock().before_call.take();
        if let Some(run) = before_call {
            run();
        }
        let mut call = self.lock().begin(subscriptions)?;
        let answers = loop {
            let step = self.lock().progress(&mut call);
            match step {
                Step::Done(answers) => break answers,
                // Unlocked: it may call the host itself.
                Step::Run(run) => run(),
            }
        };
        let written = answers.len().min(subscriptions.len());
        events[..written].copy_from_slice(&answers[..written]);
        match self.lock().rules {
            rules if rules.clock_only => Ok(0),
            // What `raw.rs` makes of any larger number.
            rules if rules.lie == Some(Lie::MoreEvents) => Ok(subscriptions.len()),
            _ => Ok(written),
        }
    }
}

/// The host of single-threaded tests. A new selector gets the world that was made last.
pub(super) struct Scripted(Shared);

impl Default for Scripted {
    fn default() -> Self {
        Self(NEXT.with_borrow(|next| next.clone().expect("no world yet")))
    }
}

impl Host for Scripted {
    const THREADS: bool = false;

    fn poll_oneoff(&self, asked: &[Subscription], events: &mut [Event]) -> Result<usize, Errno> {
        self.0.poll(asked, events)
    }

    fn now_ns(&self) -> u64 {
        self.0.lock().read_clock()
    }

    fn fdstat(&self, fd: u32) -> Result<Fdstat, Errno> {
        self.0.lock().stat(fd)
    }
}

/// The same on a target with threads.
#[derive(Default)]
pub(super) struct Threaded(Scripted);

impl Host for Threaded {
    const THREADS: bool = true;

    fn poll_oneoff(&self, asked: &[Subscription], events: &mut [Event]) -> Result<usize, Errno> {
        self.0.poll_oneoff(asked, events)
    }

    fn now_ns(&self) -> u64 {
        self.0.now_ns()
    }

    fn fdstat(&self, fd: u32) -> Result<Fdstat, Errno> {
        self.0.fdstat(fd)
    }
}

impl World {
    pub(super) fn open(&mut self, fd: u32, kind: Kind) {
        let room = matches!(kind, Kind::Stream | Kind::File | Kind::Null);
        let descriptor = Descriptor {
            kind,
            pending: 0,
            room,
            ended: false,
            reset: false,
            refused: None,
        };
        self.gone.remove(&fd);
        self.fds.insert(fd, descriptor);
    }

    pub(super) fn fd(&mut self, fd: u32) -> &mut Descriptor {
        self.fds.get_mut(&fd).expect("an open descriptor")
    }

    pub(super) fn after(&mut self, delay_ns: u64, happening: Happening) {
        self.scripted += 1;
        let at_ns = self.now_ns + delay_ns;
        self.script.insert((at_ns, self.scripted), happening);
    }

    pub(super) fn is_expecting(&self) -> bool {
        !self.script.is_empty()
    }

    fn read_clock(&mut self) -> u64 {
        self.clocks += 1;
        self.now_ns += 30;
        if self.rules.lie == Some(Lie::ClockBackwards) && self.clocks.is_multiple_of(3) {
            return self.now_ns - 5_000;
        }
        self.now_ns
    }

    fn stat(&mut self, fd: u32) -> Result<Fdstat, Errno> {
        self.stats += 1;
        self.now_ns += 300;
        if let Some(which) = self.faults.of_call() {
            return Err(error(which));
        }
        let filetype = match self.fds.get(&fd).ok_or(Errno::BADF)?.kind {
            Kind::Stream | Kind::Listener => abi::SOCKET_STREAM,
            Kind::File => abi::REGULAR_FILE,
            Kind::Directory => abi::DIRECTORY,
            Kind::Pipe | Kind::Null => abi::UNKNOWN,
        };
        Ok(Fdstat::new(filetype, abi::NONBLOCK))
    }

    /// Checks what every host may rely on, and what a whole call fails for.
    fn begin(&mut self, subscriptions: &[Subscription]) -> Result<Call, Errno> {
        self.polls += 1;
        assert!(self.polls < MAX_CALLS, "the selector spins");
        let call = self.check_rules(subscriptions);
        self.seen.truncate(64);
        self.seen
            .extend(call.questions.iter().take(8).map(|one| one.userdata));
        let slots = u64::try_from(subscriptions.len()).unwrap();
        self.now_ns += self.rules.call_cost_ns + slots * self.rules.slot_cost_ns;
        self.asked = call.questions.len();
        self.endless += u64::from(call.timeout_ns == u64::MAX);
        if self.keep_calls {
            self.calls.push(call.clone());
        }
        if self.interrupts > 0 {
            self.interrupts -= 1;
            return Err(Errno::INTR);
        }
        let mut call = call;
        call.fault = self.faults.of_wait(&mut self.now_ns);
        if let Some(Fault::Error(which)) = call.fault {
            return Err(error(which));
        }
        if self.rules.clock_only && !call.questions.is_empty() {
            return Err(Errno::NOTSUP);
        }
        if let Some((limit, errno)) = self.rules.limit
            && call.questions.len() > limit
        {
            return Err(errno);
        }
        for index in 0..call.questions.len() {
            let (fd, write) = (call.questions[index].fd, call.questions[index].write);
            call.at_once |= self.check_descriptor(fd, write)?;
        }
        call.deadline_ns = self.deadline_ns(&call);
        Ok(call)
    }

    fn check_rules(&self, subscriptions: &[Subscription]) -> Call {
        let mut labels = HashSet::with_capacity(subscriptions.len());
        let mut places = HashSet::with_capacity(subscriptions.len());
        let mut clock = None;
        let mut questions = Vec::with_capacity(subscriptions.len());
        for one in subscriptions {
            assert_ne!(one.userdata, 0, "some hosts use zero themselves");
            assert!(labels.insert(one.userdata), "a label twice: {one:?}");
            if one.is_clock() {
                assert!(clock.is_none(), "two clocks");
                assert_eq!(one.fd(), abi::MONOTONIC);
                assert_eq!(one.clock_flags(), 0, "an absolute clock");
                assert!(one.timeout_ns() <= 0x7fff_ffff * MS, "too long for an i32");
                clock = Some((one.userdata, one.timeout_ns()));
                continue;
            }
            let question = Question {
                userdata: one.userdata,
                fd: one.fd(),
                write: one.is_write(),
            };
            assert!(
                !self.gone.contains(&one.fd()),
                "asked about a closed {one:?}"
            );
            assert!(places.insert((one.fd(), one.is_write())), "twice: {one:?}");
            questions.push(question);
        }
        // Without one only where that is known to end: a host that returns for one source.
        let is_prompt = self.rules.is_prompt();
        assert!(
            clock.is_some() || (is_prompt && !questions.is_empty()),
            "{}: a wait forever",
            self.rules.name
        );
        let (clock, timeout_ns) = clock.unwrap_or((0, u64::MAX));
        Call {
            questions,
            timeout_ns,
            clock,
            deadline_ns: 0,
            at_once: false,
            fault: None,
        }
    }

    /// Whether a descriptor makes the call return at once.
    fn check_descriptor(&self, fd: u32, write: bool) -> Result<bool, Errno> {
        let Some(descriptor) = self.fds.get(&fd) else {
            return match self.rules.bad_fd {
                BadFd::WholeCall => Err(Errno::BADF),
                BadFd::Event => Ok(true),
                BadFd::LateEvent => Ok(false),
                BadFd::Crash => panic!("{} crashes of descriptor {fd}", self.rules.name),
            };
        };
        let is_file = matches!(descriptor.kind, Kind::File | Kind::Null);
        match descriptor.kind {
            _ if is_file && self.rules.files == Files::WholeCall => return Err(Errno::PERM),
            _ if is_file && self.rules.files == Files::WholeInval => return Err(Errno::INVAL),
            Kind::Null if !write && self.rules.null_traps => panic!("the guest traps"),
            Kind::Directory => panic!("a directory was waited for"),
            Kind::Pipe if write && self.rules.pipes_one_way => return Err(Errno::BADF),
            _ => {}
        }
        Ok(descriptor.refused.is_some() || (write && self.rules.writes_refused))
    }

    fn deadline_ns(&self, call: &Call) -> u64 {
        let timeout_ns = call.timeout_ns;
        if timeout_ns == 0 {
            let forever = self.rules.zero_is_forever;
            return if forever { u64::MAX } else { self.now_ns };
        }
        if self.rules.floors {
            return self.now_ns.saturating_add(timeout_ns / MS * MS);
        }
        let alone = call.questions.is_empty();
        let cost_ns = if alone { 0 } else { self.rules.wait_cost_ns };
        self.now_ns
            .saturating_add(timeout_ns)
            .saturating_add(cost_ns)
    }

    /// Moves the clock on to whatever comes first.
    fn progress(&mut self, call: &mut Call) -> Step {
        loop {
            while let Some(entry) = self.script.first_entry() {
                if entry.key().0 > self.now_ns {
                    break;
                }
                match entry.remove() {
                    Happening::Run(run) => return Step::Run(run),
                    other => self.happen(&other),
                }
            }
            if self.now_ns >= call.deadline_ns || self.is_over(call) {
                return Step::Done(self.answer(call));
            }
            let next_ns = self.script.keys().next().map_or(u64::MAX, |key| key.0);
            self.now_ns = next_ns.min(call.deadline_ns);
            assert!(
                self.now_ns < DOOMSDAY_NS,
                "the host waits forever, asked for {} ns about {} sources",
                call.timeout_ns,
                call.questions.len()
            );
        }
    }

    fn happen(&mut self, happening: &Happening) {
        match *happening {
            Happening::Bytes(fd, bytes) => {
                if let Some(descriptor) = self.fds.get_mut(&fd) {
                    descriptor.pending += bytes;
                }
            }
            Happening::Ended(fd) => self.fd(fd).ended = true,
            Happening::Run(_) => unreachable!("run by the caller"),
        }
    }

    fn is_over(&self, call: &Call) -> bool {
        match call.fault {
            Some(Fault::Early) => return true,
            // One that waits for all does not end for one.
            Some(Fault::Spurious(fd))
                if self.rules.is_prompt() && call.questions.iter().any(|one| one.fd == fd) =>
            {
                return true;
            }
            _ => {}
        }
        if self.rules.blind_below_ms && call.timeout_ns < MS {
            return false;
        }
        if self.rules.sleeps_then_all {
            return false;
        }
        let mut ready = call.questions.iter().map(|one| self.wakes(one));
        if self.rules.waits_for_all {
            !call.questions.is_empty() && ready.all(|ready| ready)
        } else {
            call.at_once || ready.any(|ready| ready)
        }
    }

    pub(super) fn wakes(&self, question: &Question) -> bool {
        self.is_ready(question.fd, question.write)
    }

    /// Whether a descriptor is ready, as the peers and the system see it.
    pub(super) fn is_ready(&self, fd: u32, write: bool) -> bool {
        let Some(descriptor) = self.fds.get(&fd) else {
            return false;
        };
        let always = matches!(descriptor.kind, Kind::File | Kind::Null);
        let open_end = descriptor.kind == Kind::Stream;
        if write {
            always || (open_end && (descriptor.room || descriptor.reset))
        } else {
            always || descriptor.pending > 0 || descriptor.ended || descriptor.reset
        }
    }
}
