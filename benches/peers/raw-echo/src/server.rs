//! The loop. Entry 0 of the array is the listener, and entry `i` is the connection `unsent[i]`. The
//! userdata of an event is the number of its entry.

use crate::raw::{self, Errno, Event, FD_READ, FD_WRITE, Subscription};

/// The first descriptor after stdin, stdout and stderr: on WASI 0.1 the first preopened listener.
const LISTENER: u32 = 3;
const BUFFER_BYTES: usize = 64 * 1024;

/// Serves until the wait itself fails.
pub(crate) fn run() -> Errno {
    if let Err(error) = raw::set_nonblocking(LISTENER) {
        return error;
    }
    let mut server = Server {
        subscriptions: vec![Subscription::readable(LISTENER, 0)],
        unsent: vec![Vec::new()],
        closed: Vec::new(),
        buffer: vec![0; BUFFER_BYTES],
    };
    let mut events: Vec<Event> = Vec::new();
    loop {
        match raw::poll(&server.subscriptions, &mut events) {
            Ok(count) => server.handle(&events[..count]),
            Err(Errno::INTR) => {}
            Err(error) => return error,
        }
    }
}

struct Server {
    subscriptions: Vec<Subscription>,
    unsent: Vec<Vec<u8>>,
    closed: Vec<usize>,
    buffer: Vec<u8>,
}

impl Server {
    fn handle(&mut self, events: &[Event]) {
        for event in events {
            let Some(entry) = usize::try_from(event.userdata).ok() else {
                continue;
            };
            if entry == 0 {
                self.accept_all();
            } else if entry < self.subscriptions.len() && self.echo(entry).is_err() {
                self.closed.push(entry);
            }
        }
        self.remove_closed();
    }

    fn accept_all(&mut self) {
        while let Ok(fd) = raw::accept(LISTENER) {
            let entry = self.subscriptions.len() as u64;
            self.subscriptions.push(Subscription::readable(fd, entry));
            self.unsent.push(Vec::new());
        }
    }

    /// Serves one event. An error or the end of the stream closes the connection.
    fn echo(&mut self, entry: usize) -> Result<(), Errno> {
        let fd = self.subscriptions[entry].fd;
        if !self.unsent[entry].is_empty() {
            let sent = write_until_blocked(fd, &self.unsent[entry])?;
            self.unsent[entry].drain(..sent);
            self.wait_for_the_right_side(entry);
            return Ok(());
        }
        match raw::read(fd, &mut self.buffer) {
            Ok(0) => Err(Errno(0)),
            Ok(received) => {
                let sent = write_until_blocked(fd, &self.buffer[..received])?;
                self.unsent[entry].extend_from_slice(&self.buffer[sent..received]);
                self.wait_for_the_right_side(entry);
                Ok(())
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn wait_for_the_right_side(&mut self, entry: usize) {
        self.subscriptions[entry].kind = if self.unsent[entry].is_empty() {
            FD_READ
        } else {
            FD_WRITE
        };
    }

    /// Removes from the back, so that the entry moved into a gap is never itself to be removed.
    fn remove_closed(&mut self) {
        self.closed.sort_unstable();
        self.closed.dedup();
        while let Some(entry) = self.closed.pop() {
            raw::close(self.subscriptions.swap_remove(entry).fd);
            self.unsent.swap_remove(entry);
            if let Some(moved) = self.subscriptions.get_mut(entry) {
                moved.userdata = entry as u64;
            }
        }
    }
}

/// Returns the number of bytes written before the stream blocked.
fn write_until_blocked(fd: u32, bytes: &[u8]) -> Result<usize, Errno> {
    let mut sent = 0;
    while sent < bytes.len() {
        match raw::write(fd, &bytes[sent..]) {
            Ok(count) => sent += count,
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}
