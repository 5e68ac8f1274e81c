//! Servers of others, each in a temporary folder of its own. They are ended when they are dropped.

mod nginx;
mod postgres;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use crate::LIMIT;

pub(crate) use self::nginx::nginx;
pub(crate) use self::postgres::postgres;

/// A folder that is removed on drop.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);

        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("wasio-{name}-{}-{number}", process::id());
        let folder = env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server of others that listens.
pub(crate) struct Service {
    child: Child,
    addresses: Vec<SocketAddr>,
    pub(crate) folder: Folder,
}

impl Service {
    /// Starts the command that `command` makes, which is given a new folder and free ports, `ports` of
    /// them.
    fn start(name: &str, ports: usize, command: impl Fn(&Path, &[u16]) -> Command) -> Self {
        /// Another process may take a free port in between.
        const ATTEMPTS: usize = 10;

        let service = (0..ATTEMPTS).find_map(|_| Self::start_once(name, ports, &command));
        service.unwrap_or_else(|| panic!("{name} does not start"))
    }

    fn start_once(
        name: &str,
        ports: usize,
        command: impl Fn(&Path, &[u16]) -> Command,
    ) -> Option<Self> {
        let free: Vec<_> = (0..ports)
            .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let addresses: Vec<_> = free.iter().map(|one| one.local_addr().unwrap()).collect();
        drop(free);
        let ports: Vec<_> = addresses.iter().map(SocketAddr::port).collect();
        let folder = Folder::new(name);
        let child = command(folder.path(), &ports)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} is installed: {error}"));
        let mut service = Self {
            child,
            addresses,
            folder,
        };
        let start = Instant::now();
        while service.child.try_wait().unwrap().is_none() {
            let connects = |address| TcpStream::connect(address).is_ok();
            if service.addresses.iter().all(connects) {
                return Some(service);
            }
            assert!(start.elapsed() < LIMIT, "{name} does not listen");
            thread::sleep(Duration::from_millis(10));
        }
        None
    }

    pub(crate) fn address(&self, index: usize) -> SocketAddr {
        self.addresses[index]
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // An ordinary end, so that what the server has started ends too.
        let id = self.child.id().to_string();
        let ended = Command::new("kill").args(["-INT", &id]).status();
        let mut waits = if ended.is_ok_and(|status| status.success()) {
            1_000
        } else {
            0
        };
        while waits > 0 && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(10));
            waits -= 1;
        }
        // Without effect on one that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn redis() -> Service {
    Service::start("redis", 1, |folder, ports| {
        let mut command = Command::new("redis-server");
        command
            .args(["--port", &ports[0].to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .current_dir(folder);
        command
    })
}

pub(crate) fn empty_redis(server: &Service) {
    let mut stream = crate::connect(server.address(0));
    stream.write_all(b"FLUSHALL\r\n").unwrap();
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"+OK\r\n");
}
