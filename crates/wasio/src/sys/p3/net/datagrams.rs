//! The host's UDP sockets: one receive is in flight whenever no datagram is there, and a send for as
//! long as the host has not taken the datagram. A few more may wait for that, in their order.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use super::host_stream::Lingering;
use crate::Interest;
use crate::errors::static_error;
use crate::lock::{Guard, Lock};
use crate::portable::{Direction, Directions};
use crate::registration::Registration;
use crate::sys::imp::bindings::{
    Called, Datagram, Event, IpAddressFamily, Receive, Send, SocketError, SocketResult, UdpSocket,
    monotonic_clock,
};
use crate::sys::imp::error::{checked, of_socket};
use crate::sys::imp::operations;
use crate::sys::imp::signals::{self, Completes, Signal};
use crate::sys::imp::target::Target;
use crate::sys::imp::unsent;
use crate::sys::resources::net::address;
use crate::sys::resources::net::handles::{Counted, Handles};
use crate::sys::resources::net::linger;
use crate::sys::resources::net::peeked;

/// The most datagrams that wait for the host. Some hosts take none before they have run once.
const MOST_WAITING: usize = 16;

/// How long a drop waits for the host to take what was sent: wasmtime 46 takes some microseconds.
/// Then the port is free again, and nothing lingers.
const DROP_WAIT_NS: u64 = 1_000_000;

/// The most datagrams of others that one receive passes over.
const MOST_STRANGERS: usize = 64;

/// How a source holds it: shared with its signal. What is not sent when it is dropped still is.
pub(crate) struct OwnedUdp(Arc<HostUdp>);

pub(crate) struct HostUdp {
    signal: Signal,
    // What has operations in flight goes before its socket: the host fails otherwise.
    incoming: Lock<Incoming>,
    outgoing: Lock<Outgoing>,
    /// A receive and a send have a handle each, and borrow it.
    pub(crate) socket: Counted<UdpSocket, 5>,
    family: IpAddressFamily,
    /// The address that it is connected to, as the host has it.
    peer: Lock<Option<SocketAddr>>,
}

enum Incoming {
    Idle,
    Receiving(Receive),
    Received(SocketResult<Datagram>),
}

#[derive(Default)]
struct Outgoing {
    /// The send in flight.
    sending: Option<Send>,
    /// What comes after it.
    waiting: VecDeque<(Vec<u8>, Option<SocketAddr>)>,
    /// Of a send that was started: if it fails later, the next one returns it.
    failed: Option<SocketError>,
}

impl Outgoing {
    fn is_full(&self) -> bool {
        self.waiting.len() >= MOST_WAITING
    }

    /// The error of a send that was started, if one has failed.
    fn take_error(&mut self) -> io::Result<()> {
        self.failed
            .take()
            .map_or(Ok(()), |error| Err(of_socket(error)))
    }
}

impl HostUdp {
    pub(crate) fn bind(address: SocketAddr) -> io::Result<OwnedUdp> {
        let address = address::local(address);
        let family = address::family(&address);
        let handles = Handles::reserve()?;
        let socket = handles.of(checked(UdpSocket::create(family))?);
        checked(socket.bind(address))?;
        Ok(OwnedUdp(Arc::new_cyclic(|me| Self {
            signal: Signal::new(me, Directions::one(Direction::Write)),
            incoming: Lock::new(Incoming::Idle),
            outgoing: Lock::default(),
            socket,
            family,
            peer: Lock::default(),
        })))
    }

    pub(crate) fn family(&self) -> IpAddressFamily {
        self.family
    }

    fn incoming(&self) -> Guard<'_, Incoming> {
        self.incoming.lock()
    }

    fn outgoing(&self) -> Guard<'_, Outgoing> {
        self.outgoing.lock()
    }

    /// Refuses an address of the other family, for which hosts have several errors.
    fn check_family(&self, address: &SocketAddr) -> io::Result<()> {
        if address::family(address) == self.family {
            return Ok(());
        }
        Err(static_error(
            io::ErrorKind::InvalidInput,
            "the address is not of the family of the socket, and WASI 0.3 has no dual-stack sockets",
        ))
    }

    fn is_connected(&self) -> bool {
        self.peer.lock().is_some()
    }

    pub(crate) fn target(&self, interest: Interest) -> Target {
        if Directions::of(interest).contains(Direction::Read) {
            self.arm(&mut self.incoming());
        }
        Target::Signal(self.signal.id())
    }

    /// Has a receive in flight, unless a datagram is there.
    fn arm(&self, incoming: &mut Incoming) {
        for _ in 0..MOST_STRANGERS {
            if !matches!(incoming, Incoming::Idle) {
                break;
            }
            *incoming = match self.socket.receive() {
                Called::Returned(result) => self.received(result),
                Called::Pending(call) => {
                    operations::add(call.waitable(), &self.signal);
                    Incoming::Receiving(call)
                }
            };
        }
        // Idle after the most that are passed over: the next receive goes on with the rest.
        let is_ready = !matches!(incoming, Incoming::Receiving(_));
        self.signal.set(Direction::Read, is_ready);
    }

    /// What a receive has brought, unless a stranger had sent it before the socket was connected: the
    /// host keeps such datagrams.
    fn received(&self, result: SocketResult<Datagram>) -> Incoming {
        if let Some(peer) = *self.peer.lock()
            && let Ok(datagram) = &result
            && !address::is_same(datagram.sender(), peer)
        {
            return Incoming::Idle;
        }
        Incoming::Received(result)
    }

    // WASI 0.2 may change what is registered in some of these. A signal stays the same:
    // `_registration` is not used.

    pub(crate) fn receive(
        &self,
        buffer: &mut [u8],
        _registration: Option<&Registration>,
    ) -> io::Result<(usize, SocketAddr)> {
        self.read(buffer, false)
    }

    pub(crate) fn peek(
        &self,
        buffer: &mut [u8],
        _registration: Option<&Registration>,
    ) -> io::Result<(usize, SocketAddr)> {
        self.read(buffer, true)
    }

    /// Reads a datagram, and leaves it for the next receive if it `stays`.
    fn read(&self, buffer: &mut [u8], stays: bool) -> io::Result<(usize, SocketAddr)> {
        let mut copy =
            |datagram: &Datagram| (peeked::copy(datagram.bytes(), buffer), datagram.sender());
        self.arm(&mut self.incoming());
        operations::retried(|| {
            let incoming = &mut *self.incoming();
            let result = match incoming {
                Incoming::Received(Ok(datagram)) if stays => return Ok(copy(datagram)),
                Incoming::Received(Ok(datagram)) => Ok(copy(datagram)),
                Incoming::Received(Err(error)) => Err(of_socket(error.clone())),
                Incoming::Idle | Incoming::Receiving(_) => {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
            };
            *incoming = Incoming::Idle;
            self.arm(incoming);
            result
        })
    }

    pub(crate) fn send(&self, bytes: &[u8], target: Option<SocketAddr>) -> io::Result<usize> {
        address::check_destination(self.is_connected(), target)?;
        if let Some(target) = &target {
            self.check_family(target)?;
        }
        let is_first = self.outgoing().sending.is_none();
        operations::retried(|| self.start_send(bytes, target))?;
        if self.outgoing().sending.is_some() {
            // Most often this is all that it takes: a program that ends now loses nothing.
            operations::progress();
            if is_first {
                self.outgoing().take_error()?;
            }
        }
        Ok(bytes.len())
    }

    /// Has a datagram wait for the host, if there is room. Returns the error of this or an earlier one.
    fn start_send(&self, bytes: &[u8], target: Option<SocketAddr>) -> io::Result<()> {
        let outgoing = &mut *self.outgoing();
        if outgoing.failed.is_none() {
            if outgoing.is_full() {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            outgoing.waiting.push_back((bytes.to_vec(), target));
            self.send_next(outgoing);
        }
        outgoing.take_error()
    }

    /// Sends what waits, until a send is in flight.
    fn send_next(&self, outgoing: &mut Outgoing) {
        while outgoing.sending.is_none()
            && let Some((bytes, target)) = outgoing.waiting.pop_front()
        {
            match self.socket.send(bytes, target) {
                Called::Returned(Ok(())) => {}
                Called::Returned(Err(error)) => outgoing.failed = Some(error),
                Called::Pending(call) => {
                    unsent::note();
                    operations::add(call.waitable(), &self.signal);
                    outgoing.sending = Some(call);
                }
            }
        }
        self.signal.set(Direction::Write, !outgoing.is_full());
    }

    /// Sends to and receives from this address alone. What came from another is dropped, and so is
    /// what waits to be sent. What came from this address is kept.
    pub(crate) fn connect(
        &self,
        address: SocketAddr,
        _registration: Option<&Registration>,
    ) -> io::Result<()> {
        self.check_family(&address)?;
        let incoming = &mut *self.incoming();
        let was_receiving = !matches!(incoming, Incoming::Idle);
        if self.is_connected() && matches!(incoming, Incoming::Receiving(_)) {
            // jco would never end it, and wasmtime 46 would say that the old peer has sent what it
            // brings. A receive that began without a peer stays in flight: its datagram may be of
            // the new peer, and jco would write it to memory that is no longer the receive's.
            *incoming = Incoming::Idle;
        }
        let result = checked(self.socket.connect(address));
        // A connect that failed may have taken away the peer of the one before.
        *self.peer.lock() = checked(self.socket.remote_address()).ok();
        *incoming = match mem::replace(incoming, Incoming::Idle) {
            Incoming::Received(Ok(datagram)) => self.received(Ok(datagram)),
            Incoming::Received(Err(_)) => Incoming::Idle,
            others => others,
        };
        if was_receiving {
            self.arm(incoming);
        }
        result?;
        // What the host has not begun to send would go to the new peer.
        self.outgoing().waiting.clear();
        Ok(())
    }
}

impl Completes for HostUdp {
    fn complete(&self, event: Event) {
        let incoming = &mut *self.incoming();
        if let Incoming::Receiving(call) = incoming
            && let Some(result) = call.returned(event)
        {
            *incoming = self.received(result);
            return self.arm(incoming);
        }
        let outgoing = &mut *self.outgoing();
        if let Some(call) = &mut outgoing.sending
            && let Some(result) = call.returned(event)
        {
            outgoing.sending = None;
            if let Err(error) = result {
                outgoing.failed = Some(error);
            }
            self.send_next(outgoing);
        }
    }

    fn has_unsent(&self) -> bool {
        self.outgoing().sending.is_some()
    }
}

impl Deref for OwnedUdp {
    type Target = HostUdp;

    fn deref(&self) -> &HostUdp {
        &self.0
    }
}

impl Drop for OwnedUdp {
    fn drop(&mut self) {
        if self.has_unsent() {
            let deadline_ns = monotonic_clock::now().saturating_add(DROP_WAIT_NS);
            unsent::wait_until(deadline_ns, || !self.has_unsent());
        }
        if self.has_unsent() {
            // Forks have it registered still, and nobody would read what they report.
            signals::unwatch_all(self.signal.id());
            linger::keep(Box::new(Lingering(Arc::clone(&self.0))));
        }
    }
}
