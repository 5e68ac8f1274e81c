//! Standard input of every kind, through the program `wasio-host` itself: a guest that
//! waits for it sees what is there and then its end, exits with 0, and never hangs.

#[path = "common/built.rs"]
mod built;
#[path = "common/program.rs"]
mod program;

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use program::{
    LIMIT, LISTENS01, PLAIN01, Running, SOCKETS01, SOCKETS02, SOCKETS03, THREADS01, Version,
    address_of,
};

const ALL: [Version; 5] = [SOCKETS01, THREADS01, PLAIN01, SOCKETS02, SOCKETS03];

impl Version {
    /// The guest that copies its input to its output and says `end` at the end of it; a timer
    /// ticks beside that.
    fn any_stdin(self) -> PathBuf {
        self.guest("any_stdin")
    }
}

fn said(command: &mut Command, what: String) -> String {
    Running::start(command, what).succeeds().0
}

/// The program with an input that is closed, not empty.
#[cfg(unix)]
fn with_closed_input(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "exec \"$0\" \"$@\" <&-"])
        .arg(command.get_program());
    shell.args(command.get_args());
    shell.stdout(Stdio::piped()).stderr(Stdio::piped());
    shell
}

#[test]
fn no_input_is_its_end() {
    for version in ALL {
        let mut command = version.run(&version.any_stdin());
        let what = format!("/dev/null on {}", version.name);
        assert_eq!(said(command.stdin(Stdio::null()), what), "end\n");
        #[cfg(unix)]
        {
            let what = format!("closed on {}", version.name);
            assert_eq!(said(&mut with_closed_input(&command), what), "end\n");
        }
    }
}

#[test]
fn a_file_is_read_to_its_end() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let long = "a line of some bytes\n".repeat(5_000);
    for (name, content) in [("empty", ""), ("short", "one\ntwo"), ("long", &long)] {
        let path = folder.join(format!("stdin-{name}"));
        std::fs::write(&path, content).expect("write");
        for version in ALL {
            let mut command = version.run(&version.any_stdin());
            let what = format!("a {name} file on {}", version.name);
            let file = File::open(&path).expect("open");
            let said = said(command.stdin(file), what.clone());
            assert!(said == format!("{content}end\n"), "{what}: {said}");
        }
    }
}

#[cfg(unix)]
#[test]
fn the_rest_of_a_file_is_left_to_the_next_program() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stdin-rest");
    let rest = "a line of some bytes\n".repeat(5_000);
    std::fs::write(&path, format!("one\n{rest}")).expect("write");
    for version in ALL {
        let run = version.run(&version.guest("any_first_line"));
        let mut shell = Command::new("sh");
        shell.args(["-c", "\"$0\" \"$@\" && cat"]);
        shell.arg(run.get_program()).args(run.get_args());
        shell.stdin(File::open(&path).expect("open"));
        shell.stdout(Stdio::piped()).stderr(Stdio::piped());
        let what = format!("a file on {}", version.name);
        let said = said(&mut shell, what.clone());
        assert!(
            said == format!("one\n{rest}"),
            "{what}: {} bytes",
            said.len()
        );
    }
}

/// Each part is sent when the one before came back; between the two nothing is there to
/// read, and the timer beside it goes on.
#[test]
fn a_pipe_is_waited_for_and_holds_nothing_up() {
    for version in ALL {
        let mut command = version.run(&version.any_stdin());
        let command = command.stdin(Stdio::piped());
        let mut running = Running::start(command, format!("a pipe on {}", version.name));
        let mut stdin = running.child.stdin.take().expect("piped");
        for line in ["one\n", "two\n"] {
            stdin.write_all(line.as_bytes()).expect("write");
            assert_eq!(running.next_line(&running.stdout), line);
            // The silence that the timer must outlive.
            std::thread::sleep(Duration::from_millis(100));
        }
        drop(stdin);
        let (stdout, stderr) = running.succeeds();
        assert_eq!(stdout, "end\n");
        let ticks = stderr.trim_end().strip_suffix(" ticks");
        let ticks: u32 = ticks.and_then(|text| text.parse().ok()).expect("ticks");
        assert!(ticks >= 2, "{ticks} ticks on {}", version.name);
    }
}

/// `script` (bsdutils, which every Debian has) gives the program a terminal.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_is_waited_for_until_its_key_for_the_end() {
    for version in ALL {
        let run = version.run(&version.any_stdin());
        let words = std::iter::once(run.get_program()).chain(run.get_args());
        let words: Vec<_> = words.map(|word| format!("'{}'", word.display())).collect();
        let mut script = Command::new("script");
        script
            .args(["--quiet", "--return", "--command", &words.join(" ")])
            .arg("/dev/null");
        script.stdout(Stdio::piped()).stderr(Stdio::piped());
        let what = format!("a terminal on {}", version.name);
        let mut running = Running::start(script.stdin(Stdio::piped()), what);
        let mut stdin = running.child.stdin.take().expect("piped");
        stdin.write_all(b"a line\n").expect("write");
        // The terminal's echo, and the guest's.
        for _ in 0..2 {
            assert_eq!(running.next_line(&running.stdout), "a line\r\n");
        }
        stdin.write_all(b"\x04").expect("write");
        let (stdout, _) = running.succeeds();
        assert!(stdout.contains("end\r\n"), "{}: {stdout:?}", version.name);
    }
}

/// The example waits for its input and for connections in one poll.
#[test]
fn the_example_serves_until_its_input_ends() {
    for version in [LISTENS01, SOCKETS02, SOCKETS03] {
        let name = "stdin_and_sockets";
        let guest = version.example(name);
        let mut command = version.run(&guest);
        said(
            command.stdin(Stdio::null()),
            format!("/dev/null on {}", version.name),
        );
        let command = command.stdin(Stdio::piped());
        let mut running = Running::start(command, format!("a pipe on {}", version.name));
        let mut peer = TcpStream::connect(address_of(&running)).expect("connect");
        peer.set_read_timeout(Some(LIMIT)).expect("a limit");
        assert_eq!(running.next_line(&running.stdout), "connection 0 opened\n");
        let mut stdin = running.child.stdin.take().expect("piped");
        stdin.write_all(b"to all\n").expect("write");
        let mut heard = [0; 7];
        peer.read_exact(&mut heard).expect("read");
        assert_eq!(&heard, b"to all\n");
        drop(stdin);
        running.succeeds();
        assert_eq!(peer.read(&mut heard).expect("the end"), 0);
    }
}
