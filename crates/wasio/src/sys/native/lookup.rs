//! Names: the standard library's resolver, which blocks, on threads of its own.
//!
//! A look-up is registered as a timer, which its thread sets to now when the answer is there: that
//! is an event of its own for each source, it ends a wait, and it is the same on every system.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::vec;

use self::failure::failed;
use super::Selector;
use crate::net::Name;
use crate::portable::{Expiry, Key};
use crate::registration::{already_registered, check_same, not_registered};
use crate::{Interest, Registry, Token, event};

mod failure;

/// Threads that resolve at once: what more is asked for waits for one of them.
const MAX_THREADS: usize = 16;

pub(crate) struct Lookup(Arc<Shared>);

struct Shared {
    name: Name,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// `None` until it is there.
    answer: Option<io::Result<vec::IntoIter<IpAddr>>>,
    registration: Option<(Selector, Key)>,
}

impl Lookup {
    pub(crate) fn new(name: Name) -> io::Result<Self> {
        let answer = match &name {
            Name::Address(address) => Some(Ok(vec![*address].into_iter())),
            Name::Domain(_) => None,
        };
        let is_known = answer.is_some();
        let shared = Arc::new(Shared {
            name,
            state: Mutex::new(State {
                answer,
                registration: None,
            }),
        });
        if !is_known {
            resolvers().add(&shared)?;
        }
        Ok(Self(shared))
    }

    pub(crate) fn next_address(&self) -> io::Result<Option<IpAddr>> {
        let mut state = self.0.lock();
        let Some(answer) = &mut state.answer else {
            return Err(io::ErrorKind::WouldBlock.into());
        };
        let next = match answer {
            Ok(addresses) => Ok(addresses.next()),
            Err(_) => match std::mem::replace(answer, Ok(Vec::new().into_iter())) {
                Ok(_) => Ok(None),
                Err(error) => Err(error),
            },
        };
        if matches!(next, Ok(None) | Err(_)) {
            state.withdraw();
        }
        next
    }
}

impl State {
    /// Takes back an event that was not told yet: there is nothing left to come for.
    fn withdraw(&self) {
        if let Some((selector, key)) = &self.registration {
            // A key that is its owner's alone cannot be stale.
            let _ = selector.set_timer(*key, None);
        }
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        if let Some((selector, key)) = self.0.lock().registration.take() {
            // A key that is its owner's alone cannot be stale.
            let _ = selector.deregister_timer(key);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn resolve(&self) {
        let Name::Domain(name) = &self.name else {
            return;
        };
        // The port is not asked about, and left out of the answer.
        let answer = (name.as_str(), 0)
            .to_socket_addrs()
            .map(|found| without_repetition(found.map(|address| address.ip())))
            .map_err(|error| failed(name, error));
        let mut state = self.lock();
        state.answer = Some(answer.map(Vec::into_iter));
        if let Some((selector, key)) = &state.registration {
            // It fails if the poll cannot be woken: the answer is there all the same.
            let _ = selector.set_timer(*key, Some(now(selector)));
        }
    }
}

fn now(selector: &Selector) -> Expiry {
    Expiry {
        deadline_ns: selector.now_ns(),
        period_ns: 0,
    }
}

/// Some systems give an address once for each kind of socket.
fn without_repetition(found: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
    let mut addresses = Vec::new();
    for address in found {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}

impl event::Source for Lookup {
    fn register(&mut self, registry: &Registry, token: Token, _: Interest) -> io::Result<()> {
        let mut state = self.0.lock();
        if state.registration.is_some() {
            return Err(already_registered());
        }
        let selector = registry.selector().inner().clone();
        let due = state.answer.as_ref().map(|_| now(&selector));
        let key = selector.register_timer(token, due)?;
        state.registration = Some((selector, key));
        Ok(())
    }

    fn reregister(&mut self, registry: &Registry, token: Token, _: Interest) -> io::Result<()> {
        let state = self.0.lock();
        let (selector, key) = state.registration.as_ref().ok_or_else(not_registered)?;
        check_same(selector, registry)?;
        selector.reregister_timer(*key, token)?;
        // What is there is reported once more.
        match &state.answer {
            Some(_) => selector.set_timer(*key, Some(now(selector))),
            None => Ok(()),
        }
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        let mut state = self.0.lock();
        let (selector, key) = state.registration.as_ref().ok_or_else(not_registered)?;
        check_same(selector, registry).map_err(|_| not_registered())?;
        let result = selector.deregister_timer(*key);
        state.registration = None;
        result
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("Lookup");
        match &self.0.name {
            Name::Address(address) => tuple.field(address),
            Name::Domain(name) => tuple.field(name),
        };
        tuple.finish()
    }
}

/// The threads, and what waits for one.
struct Resolvers(Mutex<Queue>);

struct Queue {
    waiting: VecDeque<Weak<Shared>>,
    threads: usize,
}

fn resolvers() -> &'static Resolvers {
    static RESOLVERS: Resolvers = Resolvers(Mutex::new(Queue {
        waiting: VecDeque::new(),
        threads: 0,
    }));
    &RESOLVERS
}

impl Resolvers {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&'static self, lookup: &Arc<Shared>) -> io::Result<()> {
        let mut queue = self.lock();
        if queue.threads < MAX_THREADS {
            thread::Builder::new()
                .name("wasio-lookup".into())
                .spawn(|| self.run())?;
            queue.threads += 1;
        }
        queue.waiting.push_back(Arc::downgrade(lookup));
        Ok(())
    }

    /// Resolves until there is nothing left to.
    fn run(&self) {
        loop {
            let next = {
                let mut queue = self.lock();
                let next = queue.waiting.pop_front();
                if next.is_none() {
                    queue.threads -= 1;
                    return;
                }
                next
            };
            // Nobody waits for what was dropped.
            if let Some(lookup) = next.and_then(|lookup| lookup.upgrade()) {
                lookup.resolve();
            }
        }
    }
}
