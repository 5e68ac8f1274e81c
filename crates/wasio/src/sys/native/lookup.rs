//! Name look-ups: the standard library's resolver, which blocks, on separate threads.
//!
//! A look-up is registered as a timer. When the answer has arrived, its thread sets the timer to
//! now. That works on every system: it gives each look-up its own event, and it ends a running
//! wait.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Arc, Weak};
use std::thread;
use std::vec;

use self::failure::failed;
use super::Selector;
use crate::errors::{already_registered, not_registered};
use crate::lock::Lock;
use crate::net::Name;
use crate::portable::{Expiry, Key};
use crate::registration::check_same;
use crate::{Interest, Registry, Token, event};

mod failure;

/// The largest number of resolver threads. Further look-ups wait until one of them is free.
const MAX_THREADS: usize = 16;

pub(crate) struct Lookup(Arc<Shared>);

struct Shared {
    name: Name,
    state: Lock<State>,
}

#[derive(Default)]
struct State {
    /// `None` until the resolver has answered.
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
            state: Lock::new(State {
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
        let mut state = self.0.state.lock();
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
    /// Cancels an event that was not reported yet, because the answer has been consumed.
    fn withdraw(&self) {
        if let Some((selector, key)) = &self.registration {
            // It cannot fail: only this look-up has the key, so the key is not stale.
            let _ = selector.set_timer(*key, None);
        }
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        if let Some((selector, key)) = self.0.state.lock().registration.take() {
            selector.drop_timer(key);
        }
    }
}

impl Shared {
    fn resolve(&self) {
        let Name::Domain(name) = &self.name else {
            return;
        };
        // The resolver wants a port. It does not matter, and is dropped from the answer.
        let answer = (name.as_str(), 0)
            .to_socket_addrs()
            .map(|found| without_repetition(found.map(|address| address.ip())))
            .map_err(|error| failed(name, error));
        let mut state = self.state.lock();
        state.answer = Some(answer.map(Vec::into_iter));
        if let Some((selector, key)) = &state.registration {
            // If the poll cannot be woken, the program still gets the answer when it reads it.
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

/// Removes duplicates: some systems return an address once per socket type.
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
        let mut state = self.0.state.lock();
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
        let state = self.0.state.lock();
        let (selector, key) = state.registration.as_ref().ok_or_else(not_registered)?;
        check_same(selector, registry)?;
        selector.reregister_timer(*key, token)?;
        // An answer that has arrived is reported again.
        match &state.answer {
            Some(_) => selector.set_timer(*key, Some(now(selector))),
            None => Ok(()),
        }
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        let mut state = self.0.state.lock();
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

/// The resolver threads, and the look-ups that wait for one.
struct Resolvers(Lock<Queue>);

struct Queue {
    waiting: VecDeque<Weak<Shared>>,
    threads: usize,
}

fn resolvers() -> &'static Resolvers {
    static RESOLVERS: Resolvers = Resolvers(Lock::new(Queue {
        waiting: VecDeque::new(),
        threads: 0,
    }));
    &RESOLVERS
}

impl Resolvers {
    fn add(&'static self, lookup: &Arc<Shared>) -> io::Result<()> {
        let mut queue = self.0.lock();
        if queue.threads < MAX_THREADS {
            thread::Builder::new()
                .name("wasio-lookup".into())
                .spawn(|| self.run())?;
            queue.threads += 1;
        }
        queue.waiting.push_back(Arc::downgrade(lookup));
        Ok(())
    }

    /// Runs on a resolver thread until no look-up is waiting.
    fn run(&self) {
        loop {
            let next = {
                let mut queue = self.0.lock();
                let next = queue.waiting.pop_front();
                if next.is_none() {
                    queue.threads -= 1;
                    return;
                }
                next
            };
            // A look-up that was dropped while it waited is skipped.
            if let Some(lookup) = next.and_then(|lookup| lookup.upgrade()) {
                lookup.resolve();
            }
        }
    }
}
