//! A request by `wasi:http`, through bindings that are not wasio's, is awaited beside a timer and a
//! socket: first in a loop of polls, then in a task.
//!
//! Arguments: the HTTP server, and an address to connect to. The server answers once the program has
//! sent to that address that the timer has fired.
#![allow(unsafe_code, reason = "imports of WASI 0.3")]

use std::io::{ErrorKind, Read};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use wasio::net::TcpStream;
use wasio::task::{self, Async};
use wasio::time::Timer;
use wasio::{Interest, Waitable};
use wasio_guests::driver::{BOTH, Driver, say};
use wasio_guests::waitables::{BLOCKED, DROPPED, RETURNED, ends};

#[used]
#[unsafe(link_section = "component-type:wasio-guests:http-0.3")]
static COMPONENT_TYPE: [u8; include_bytes!("../../wit/http-0.3.component-type").len()] =
    *include_bytes!("../../wit/http-0.3.component-type");

#[link(wasm_import_module = "wasi:http/types@0.3.0")]
unsafe extern "C" {
    #[link_name = "[constructor]fields"]
    safe fn fields_new() -> u32;

    #[link_name = "[static]request.new"]
    fn request_new(
        headers: u32,
        has_contents: u32,
        contents: u32,
        trailers: u32,
        has_options: u32,
        options: u32,
        result: *mut [u32; 2],
    );
    #[link_name = "[future-new-1][static]request.new"]
    safe fn trailers_new() -> u64;
    #[link_name = "[async-lower][future-write-1][static]request.new"]
    fn trailers_write(future: u32, value: *const Outcome) -> u32;
    #[link_name = "[future-drop-writable-1][static]request.new"]
    safe fn trailers_drop(future: u32);
    #[link_name = "[future-drop-readable-2][static]request.new"]
    safe fn transmitted_drop(future: u32);
    #[link_name = "[method]request.set-scheme"]
    safe fn set_scheme(request: u32, is_some: u32, case: u32, text: usize, len: usize) -> u32;
    #[link_name = "[method]request.set-authority"]
    fn set_authority(request: u32, is_some: u32, text: *const u8, len: usize) -> u32;
    #[link_name = "[method]request.set-path-with-query"]
    fn set_path(request: u32, is_some: u32, text: *const u8, len: usize) -> u32;

    #[link_name = "[method]response.get-status-code"]
    safe fn status_code(response: u32) -> u32;
    #[link_name = "[static]response.consume-body"]
    fn consume_body(response: u32, consumed: u32, result: *mut [u32; 2]);
    #[link_name = "[future-new-0][static]response.consume-body"]
    safe fn consumed_new() -> u64;
    #[link_name = "[async-lower][future-write-0][static]response.consume-body"]
    fn consumed_write(future: u32, value: *const Outcome) -> u32;
    #[link_name = "[future-drop-writable-0][static]response.consume-body"]
    safe fn consumed_drop(future: u32);
    #[link_name = "[async-lower][stream-read-1][static]response.consume-body"]
    fn body_read(stream: u32, start: *mut u8, len: usize) -> u32;
    #[link_name = "[stream-drop-readable-1][static]response.consume-body"]
    safe fn body_drop(stream: u32);
    #[link_name = "[future-drop-readable-2][static]response.consume-body"]
    safe fn end_drop(future: u32);
}

#[link(wasm_import_module = "wasi:http/client@0.3.0")]
unsafe extern "C" {
    #[link_name = "[async-lower]send"]
    fn send(request: u32, result: *mut Outcome) -> u32;
}

#[link(wasm_import_module = "$root")]
unsafe extern "C" {
    #[link_name = "[subtask-drop]"]
    safe fn subtask_drop(subtask: u32);
}

/// A result with an error code of `wasi:http`, as the ABI has it. All zero is success, with nothing.
type Outcome = [u64; 8];

const SOCKET: usize = 1;
const TIMER: usize = 2;
const WAITABLE: usize = 3;
const SOON: Duration = Duration::from_millis(20);

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let [_, authority, address] = args.as_slice() else {
        panic!("two arguments, not {args:?}");
    };
    let address = address.parse().expect("an address");
    let mut others = Loop::new(address);
    println!("{}", get(authority, &mut others));
    assert_eq!(others.answered, b"ping");
    println!("{}", get(authority, &mut Tasks::new(address)));
}

/// What waits for a waitable, and for others beside it.
trait Wait {
    /// Waits until the operation in flight has ended, and returns its code.
    fn code_of(&mut self, waitable: u32) -> u32;

    /// Sends a word by the socket.
    fn say(&mut self, word: &str);
}

/// A loop of polls. When the timer fires it says so, and it answers what the socket receives.
struct Loop {
    driver: Driver,
    stream: TcpStream,
    timer: Timer,
    answered: Vec<u8>,
}

impl Loop {
    fn new(address: SocketAddr) -> Self {
        let mut driver = Driver::default();
        let mut stream = TcpStream::connect(address).expect("connect");
        driver.register(&mut stream, SOCKET, BOTH);
        while stream.peer_addr().is_err() {
            driver.next_events();
        }
        let mut timer = Timer::oneshot(SOON);
        driver.register(&mut timer, TIMER, Interest::READABLE);
        Self {
            driver,
            stream,
            timer,
            answered: Vec::new(),
        }
    }

    fn on_event(&mut self, token: usize) {
        match token {
            TIMER if self.timer.expirations() == 1 => self.say("timer"),
            SOCKET => self.on_socket(),
            _ => {}
        }
    }

    fn on_socket(&mut self) {
        let mut buffer = [0; 8];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => {
                    self.answered.extend_from_slice(&buffer[..count]);
                    self.say("pong");
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("read: {error}"),
            }
        }
    }
}

impl Wait for Loop {
    fn code_of(&mut self, waitable: u32) -> u32 {
        let mut source = Waitable::new(waitable);
        self.driver
            .register(&mut source, WAITABLE, Interest::READABLE);
        loop {
            if let Some(code) = source.take_code() {
                return code;
            }
            for event in self.driver.next_events() {
                self.on_event(event.token().0);
            }
        }
    }

    fn say(&mut self, word: &str) {
        say(&self.stream, word);
    }
}

/// Tasks: one says when its time has passed.
struct Tasks(Rc<Async<TcpStream>>);

impl Tasks {
    fn new(address: SocketAddr) -> Self {
        let stream = task::block_on(Async::<TcpStream>::connect(address));
        let stream = Rc::new(stream.expect("a poll").expect("connect"));
        let for_timer = Rc::clone(&stream);
        let says = async move {
            task::sleep(SOON).await.expect("sleep");
            for_timer.write_all(b"timer").await.expect("write");
        };
        task::spawn(says).expect("a poll").detach();
        Self(stream)
    }
}

impl Wait for Tasks {
    fn code_of(&mut self, waitable: u32) -> u32 {
        let code = task::block_on(async {
            let source = Async::with_interest(Waitable::new(waitable), Interest::READABLE)?;
            let code = |source: &Waitable| source.take_code().ok_or(ErrorKind::WouldBlock.into());
            source.read_with(code).await
        });
        code.and_then(|code| code).expect("a code")
    }

    fn say(&mut self, word: &str) {
        let written = task::block_on(self.0.write_all(word.as_bytes()));
        written.and_then(|written| written).expect("write");
    }
}

/// Sends `GET /`, and returns the body of the response.
fn get(authority: &str, wait: &mut dyn Wait) -> String {
    let (trailers, no_trailers) = ends(trailers_new());
    let [request, transmitted] = request(authority, trailers);
    let answer: &mut Outcome = Box::leak(Box::default());
    let nothing: &Outcome = Box::leak(Box::default());
    // SAFETY: both live until the program ends.
    let sent = unsafe { send(request, answer) };
    // SAFETY: as above.
    let written = unsafe { trailers_write(no_trailers, nothing) };
    let subtask = sent >> 4;
    assert_ne!(subtask, 0, "the server answers later");
    assert_eq!(wait.code_of(subtask), RETURNED);
    subtask_drop(subtask);
    ended(written, no_trailers, wait);
    trailers_drop(no_trailers);
    assert_eq!(answer[0] & 0xff, 0, "an error of the host: {answer:x?}");
    let response = u32::try_from(answer[1] & u64::from(u32::MAX)).expect("32 bits");
    assert_eq!(status_code(response), 200);
    wait.say("head");
    let body = read(response, wait);
    transmitted_drop(transmitted);
    body
}

/// A request whose trailers are the value of a future, and the future of its transmission. To drop
/// that early would abort the request on some hosts.
fn request(authority: &str, trailers: u32) -> [u32; 2] {
    const HTTP: u32 = 0;
    let mut made = [0; 2];
    // SAFETY: the host writes two handles at the pointer.
    unsafe { request_new(fields_new(), 0, 0, trailers, 0, 0, &raw mut made) };
    let [request, _] = made;
    assert_eq!(set_scheme(request, 1, HTTP, 0, 0), 0);
    // SAFETY: the host reads the text.
    let set = unsafe { set_authority(request, 1, authority.as_ptr(), authority.len()) };
    assert_eq!(set, 0);
    // SAFETY: as above.
    let set = unsafe { set_path(request, 1, "/".as_ptr(), 1) };
    assert_eq!(set, 0);
    made
}

/// Reads the body to its end.
fn read(response: u32, wait: &mut dyn Wait) -> String {
    let (consumed, is_consumed) = ends(consumed_new());
    let mut parts = [0; 2];
    // SAFETY: the host writes two handles at the pointer.
    unsafe { consume_body(response, consumed, &raw mut parts) };
    let [body, end] = parts;
    let mut text = String::new();
    let buffer: &mut [u8; 64] = Box::leak(Box::new([0; 64]));
    loop {
        // SAFETY: the buffer lives until the program ends.
        let read = unsafe { body_read(body, buffer.as_mut_ptr(), buffer.len()) };
        let code = ended(read, body, wait);
        let part = &buffer[..(code >> 4) as usize];
        text.push_str(std::str::from_utf8(part).expect("text"));
        if code & 15 == DROPPED {
            break;
        }
    }
    body_drop(body);
    end_drop(end);
    let nothing: &Outcome = Box::leak(Box::default());
    // SAFETY: it lives until the program ends.
    let written = unsafe { consumed_write(is_consumed, nothing) };
    ended(written, is_consumed, wait);
    consumed_drop(is_consumed);
    text
}

/// The code of an operation, which may have ended at once.
fn ended(code: u32, waitable: u32, wait: &mut dyn Wait) -> u32 {
    match code {
        BLOCKED => wait.code_of(waitable),
        code => code,
    }
}
