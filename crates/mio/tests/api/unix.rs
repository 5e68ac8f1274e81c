//! `mio::unix`.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::process::{ChildStderr, ChildStdin, ChildStdout};

use mio::unix::SourceFd;
use mio::unix::pipe::{self, Receiver, Sender};

use super::{is_debug, is_source, is_thread_safe};

type Operation = fn() -> io::Result<u8>;

const fn is_descriptor<T>()
where
    T: AsRawFd + AsFd + FromRawFd + IntoRawFd + From<OwnedFd> + Into<OwnedFd>,
{
}

#[test]
fn a_source_of_a_descriptor_holds_its_number() {
    let number: RawFd = 7;
    let SourceFd(inner) = SourceFd(&number);
    assert_eq!(*inner, 7);
}

const _: () = {
    is_debug::<SourceFd<'_>>();
    is_source::<SourceFd<'_>>();
    is_thread_safe::<SourceFd<'_>>();
};

const _: () = {
    let _: fn() -> io::Result<(Sender, Receiver)> = pipe::new;
    let _: fn(&Sender, bool) -> io::Result<()> = Sender::set_nonblocking;
    let _: fn(&Receiver, bool) -> io::Result<()> = Receiver::set_nonblocking;
    let _: fn(&Sender, Operation) -> io::Result<u8> = Sender::try_io;
    let _: fn(&Receiver, Operation) -> io::Result<u8> = Receiver::try_io;
    let _: fn(ChildStdin) -> Sender = From::from;
    let _: fn(ChildStdout) -> Receiver = From::from;
    let _: fn(ChildStderr) -> Receiver = From::from;
    const fn writes<T: Write>()
    where
        for<'a> &'a T: Write,
    {
    }
    const fn reads<T: Read>()
    where
        for<'a> &'a T: Read,
    {
    }
    writes::<Sender>();
    reads::<Receiver>();
    is_debug::<Sender>();
    is_debug::<Receiver>();
    is_source::<Sender>();
    is_source::<Receiver>();
    is_thread_safe::<Sender>();
    is_thread_safe::<Receiver>();
    is_descriptor::<Sender>();
    is_descriptor::<Receiver>();
};
