//! PostgreSQL of the newest version that is installed, with the user and the database `wasio`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::Service;
use crate::LIMIT;

pub(crate) fn postgres() -> Service {
    let service = start();
    let port = service.address(0).port().to_string();
    let start = Instant::now();
    loop {
        // It listens before it is ready.
        let mut asked = Command::new(newest().join("bin/pg_isready"));
        asked.args(["--quiet", "--host", "127.0.0.1", "--port", &port]);
        if asked.status().unwrap().success() {
            return service;
        }
        assert!(start.elapsed() < LIMIT, "PostgreSQL is not ready");
        thread::sleep(Duration::from_millis(10));
    }
}

fn start() -> Service {
    Service::start("postgres", 1, |folder, ports| {
        let data = folder.join("data");
        if is_root() {
            succeed(Command::new("chown").arg("postgres").arg(folder));
        }
        let mut made = program("initdb");
        made.args([
            "--username",
            "wasio",
            "--auth",
            "trust",
            "--no-sync",
            "--pgdata",
        ]);
        succeed(made.arg(&data));
        let mut command = program("postgres");
        command.arg("-D").arg(&data).arg("-k").arg(folder);
        command.args([
            "-p",
            &ports[0].to_string(),
            "-h",
            "127.0.0.1",
            "-c",
            "fsync=off",
        ]);
        // Its user may not be allowed into the folder of this program.
        command.current_dir("/");
        command
    })
}

/// A program of PostgreSQL's, which refuse to run as root.
fn program(name: &str) -> Command {
    let path = newest().join("bin").join(name);
    if !is_root() {
        return Command::new(path);
    }
    let mut command = Command::new("setpriv");
    command
        .args([
            "--reuid",
            "postgres",
            "--regid",
            "postgres",
            "--clear-groups",
        ])
        .arg(path);
    command
}

fn newest() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed");
    let number = |path: &PathBuf| -> Option<u32> { path.file_name()?.to_str()?.parse().ok() };
    let versions = versions.map(|entry| entry.unwrap().path());
    let has_server = |path: &PathBuf| path.join("bin/initdb").exists();
    let versions = versions.filter(has_server);
    versions
        .max_by_key(number)
        .expect("a version with a server")
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

fn succeed(command: &mut Command) {
    let output = command
        .current_dir(Path::new("/"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
}
