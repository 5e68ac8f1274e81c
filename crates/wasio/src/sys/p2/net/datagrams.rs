//! The host's UDP sockets and their streams of datagrams.

use std::cell::RefMut;
use std::io;
use std::net::SocketAddr;

use super::address;
use super::handles::{Counted, Handles};
use super::network::network;
use crate::Interest;
use crate::lock::Lock;
use crate::portable::{Direction, Directions};
use crate::sys::imp::error::checked;
use crate::sys::imp::host::Handle;
use crate::sys::imp::owned::Owned;
use crate::sys::imp::ready;
use wasio_bindings::p2::{
    ErrorCode, IncomingDatagramStream, OutgoingDatagramStream, UdpSocket, create_udp_socket,
    monotonic_clock,
};

/// wasmtime 48 receives in the background, ends that some time after the stream was dropped, and
/// traps if the socket is connected before.
const LET_GO_NS: u64 = 2_000_000;

/// The bytes and their sender.
pub(super) type Datagram = (Vec<u8>, SocketAddr);

pub(super) struct HostUdp {
    // Children before their parent: the host traps otherwise.
    /// `None` only while `connect` replaces them.
    streams: Lock<Option<Streams>>,
    /// It has two streams, and each a pollable, which the poll borrows.
    pub(super) socket: Counted<UdpSocket, 7>,
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
    pub(super) fn bind(address: SocketAddr) -> io::Result<Self> {
        let handles = Handles::reserve()?;
        let socket = handles.of(checked(create_udp_socket(address::family(&address)))?);
        checked(socket.start_bind(network(), address))?;
        loop {
            match socket.finish_bind() {
                Err(ErrorCode::WouldBlock) => socket.subscribe().block(),
                result => break checked(result)?,
            }
        }
        let streams = Streams::open(&socket, None)?;
        Ok(Self {
            streams: Lock::new(Some(streams)),
            socket,
        })
    }

    fn streams(&self) -> io::Result<RefMut<'_, Streams>> {
        let lost = |_| io::ErrorKind::NotConnected.into();
        RefMut::filter_map(self.streams.lock(), Option::as_mut).map_err(lost)
    }

    pub(super) fn send(&self, bytes: &[u8], target: Option<SocketAddr>) -> io::Result<usize> {
        let streams = &mut *self.streams()?;
        match (streams.is_connected, target) {
            (false, None) => return Err(address::no_destination()),
            (true, Some(_)) => return Err(address::already_connected()),
            _ => {}
        }
        // As for TCP: wasmtime may notice that there is room only when the pollable is polled, and
        // answers no more than 128 calls until the guest has waited.
        let is_sent = streams.send(bytes, target)?
            || (ready::is_ready(streams.writable()) && streams.send(bytes, target)?);
        if is_sent {
            Ok(bytes.len())
        } else {
            Err(io::ErrorKind::WouldBlock.into())
        }
    }

    /// Receives one datagram: no poll would report more of them that were kept here.
    pub(super) fn receive(&self) -> io::Result<Datagram> {
        let mut streams = self.streams()?;
        streams.is_receiving = true;
        let datagram = checked(streams.incoming.receive_one())?;
        datagram.ok_or_else(|| io::ErrorKind::WouldBlock.into())
    }

    /// Replaces the streams, which are of one destination. No registration may name their
    /// pollables.
    pub(super) fn connect(&self, address: SocketAddr) -> io::Result<()> {
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

    /// The pollable of a direction, made if the direction is an interest.
    pub(super) fn pollable(&self, direction: Direction, interest: Interest) -> Option<Handle> {
        let streams = &mut *self.streams().ok()?;
        let is_wanted = Directions::of(interest).contains(direction);
        let pollable = match direction {
            Direction::Read => {
                if is_wanted && streams.readable.is_none() {
                    streams.readable = Some(Owned::new(streams.incoming.subscribe()));
                    streams.is_receiving = true;
                }
                &streams.readable
            }
            Direction::Write => {
                if is_wanted {
                    streams.writable();
                }
                &streams.writable
            }
        };
        pollable.as_ref().map(|pollable| pollable.handle())
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
}
