//! The host's UDP sockets and their streams of datagrams.

use std::cell::RefMut;
use std::io;
use std::net::SocketAddr;

use super::network::network;
use crate::Interest;
use crate::lock::Lock;
use crate::registration::Registration;
use crate::sys::imp::error::checked;
use crate::sys::imp::host::Handle;
use crate::sys::imp::owned::Owned;
use crate::sys::imp::ready;
use crate::sys::imp::target::Target;
use crate::sys::resources::net::address;
use crate::sys::resources::net::handles::{Counted, Handles};
use crate::sys::resources::net::peeked::{self, Datagram, PeekedDatagram};
use wasio_bindings::p2::{
    ErrorCode, IncomingDatagramStream, IpAddressFamily, OutgoingDatagramStream, UdpSocket,
    monotonic_clock,
};

/// wasmtime 48 receives in the background, ends that some time after the stream was dropped, and
/// traps if the socket is connected before.
const LET_GO_NS: u64 = 2_000_000;

/// How a source holds it: apart from libc's, which need less room.
pub(crate) type OwnedUdp = Box<HostUdp>;

pub(crate) struct HostUdp {
    // Children before their parent: the host traps otherwise.
    /// `None` while `connect` replaces them, and after it could open none.
    streams: Lock<Option<Streams>>,
    peeked: PeekedDatagram,
    /// It has two streams, and each a pollable, which the poll borrows.
    pub(crate) socket: Counted<UdpSocket, 7>,
}

struct Streams {
    readable: Option<Owned>,
    writable: Option<Owned>,
    incoming: IncomingDatagramStream,
    outgoing: OutgoingDatagramStream,
    /// Whether they are of one destination.
    is_connected: bool,
    /// Whether a receive or a registration has made the host receive.
    is_receiving: bool,
}

impl HostUdp {
    pub(crate) fn bind(address: SocketAddr) -> io::Result<OwnedUdp> {
        let address = address::local(address);
        let handles = Handles::reserve()?;
        let socket = handles.of(checked(UdpSocket::create(address::family(&address)))?);
        checked(socket.start_bind(network(), address))?;
        loop {
            match socket.finish_bind() {
                Err(ErrorCode::WouldBlock) => socket.subscribe().block(),
                result => break checked(result)?,
            }
        }
        let streams = Streams::open(&socket, None)?;
        Ok(Box::new(Self {
            streams: Lock::new(Some(streams)),
            peeked: PeekedDatagram::default(),
            socket,
        }))
    }

    pub(crate) fn family(&self) -> IpAddressFamily {
        self.socket.address_family()
    }

    fn streams(&self) -> io::Result<RefMut<'_, Streams>> {
        let lost = |_| io::ErrorKind::NotConnected.into();
        RefMut::filter_map(self.streams.lock(), Option::as_mut).map_err(lost)
    }

    pub(crate) fn send(&self, bytes: &[u8], target: Option<SocketAddr>) -> io::Result<usize> {
        let streams = &mut *self.streams()?;
        address::check_destination(streams.is_connected, target)?;
        // As for TCP: wasmtime may notice that there is room only when the pollable is polled, and
        // answers no more than 128 calls until the guest is suspended.
        let is_sent = streams.send(bytes, target)?
            || (ready::is_ready(streams.writable()) && streams.send(bytes, target)?);
        if is_sent {
            Ok(bytes.len())
        } else {
            Err(io::ErrorKind::WouldBlock.into())
        }
    }

    pub(crate) fn receive(
        &self,
        buffer: &mut [u8],
        registration: Option<&Registration>,
    ) -> io::Result<(usize, SocketAddr)> {
        let (bytes, from) = match self.peeked.take() {
            Some(datagram) => {
                // Waits for the host again.
                self.update_target(registration);
                datagram
            }
            None => self.receive_one()?,
        };
        Ok((peeked::copy(&bytes, buffer), from))
    }

    pub(crate) fn peek(
        &self,
        buffer: &mut [u8],
        registration: Option<&Registration>,
    ) -> io::Result<(usize, SocketAddr)> {
        let was_ahead = self.peeked.is_some();
        let peeked = self.peeked.peek(buffer, || self.receive_one())?;
        if !was_ahead {
            // The host does not report the datagram any more.
            self.update_target(registration);
        }
        Ok(peeked)
    }

    fn receive_one(&self) -> io::Result<Datagram> {
        let mut streams = self.streams()?;
        streams.is_receiving = true;
        let datagram = checked(streams.incoming.receive_one())?;
        datagram.ok_or_else(|| io::ErrorKind::WouldBlock.into())
    }

    pub(crate) fn connect(
        &self,
        address: SocketAddr,
        registration: Option<&Registration>,
    ) -> io::Result<()> {
        if let Some(registration) = registration {
            (registration.selector()).set_source(registration.key(), Target::NONE);
        }
        let result = self.replace_streams(address);
        if result.is_ok() {
            self.peeked.keep_of(address);
        }
        self.update_target(registration);
        result
    }

    /// Opens streams that are of one destination. No registration may name the pollables of those
    /// that there are.
    fn replace_streams(&self, address: SocketAddr) -> io::Result<()> {
        let mut streams = self.streams.lock();
        let was_receiving = streams.take().is_some_and(|streams| streams.is_receiving);
        if was_receiving {
            monotonic_clock::subscribe_duration(LET_GO_NS).block();
        }
        let opened = Streams::open(&self.socket, Some(address));
        let result = opened.map(|opened| *streams = Some(opened));
        if result.is_err() {
            *streams = Streams::open(&self.socket, None).ok();
        }
        result
    }

    /// Registers the pollables that there are now.
    fn update_target(&self, registration: Option<&Registration>) {
        if let Some(registration) = registration {
            let (selector, key) = (registration.selector(), registration.key());
            if let Some(interest) = selector.interest(key) {
                selector.set_source(key, self.target(interest));
            }
        }
    }

    /// The pollables of the directions, each made if its direction is an interest.
    pub(crate) fn target(&self, interest: Interest) -> Target {
        // The host knows nothing of a datagram that was received from it.
        let is_ahead = self.peeked.is_some();
        let Ok(mut streams) = self.streams() else {
            return Target::NONE.with_read_ahead(is_ahead);
        };
        if interest.is_writable() {
            streams.writable();
        }
        if interest.is_readable() {
            streams.readable();
        }
        let handle = |pollable: &Option<Owned>| pollable.as_ref().map(|owned| owned.handle());
        Target::pollables(handle(&streams.readable), handle(&streams.writable))
            .with_read_ahead(is_ahead)
    }
}

impl Streams {
    fn open(socket: &UdpSocket, remote: Option<SocketAddr>) -> io::Result<Self> {
        let (incoming, outgoing) = checked(socket.stream(remote))?;
        // There is room from the start, as soon as the host has noticed.
        outgoing.subscribe().block();
        Ok(Self {
            readable: None,
            writable: None,
            incoming,
            outgoing,
            is_connected: remote.is_some(),
            is_receiving: false,
        })
    }

    /// Whether the host took it.
    fn send(&self, bytes: &[u8], target: Option<SocketAddr>) -> io::Result<bool> {
        Ok(checked(self.outgoing.check_send())? > 0
            && checked(self.outgoing.send_one(bytes, target))?)
    }

    /// Ready when the host takes a datagram.
    fn writable(&mut self) -> Handle {
        let outgoing = &self.outgoing;
        let writable = &mut self.writable;
        writable
            .get_or_insert_with(|| Owned::new(outgoing.subscribe()))
            .handle()
    }

    /// Ready when a datagram is there. The host receives in the background from here on.
    fn readable(&mut self) {
        if self.readable.is_none() {
            self.readable = Some(Owned::new(self.incoming.subscribe()));
            self.is_receiving = true;
        }
    }
}
