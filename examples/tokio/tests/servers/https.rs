//! The HTTP client, against nginx.

use std::net::TcpListener;

use crate::process::{On, finish_in, own_machine, share_machine, with_tls};
use crate::services::{Service, nginx};

/// The length of the large body, and the most memory that a guest may use for it.
const LARGE: u64 = 100_000_000;
const MEMORY_MIB: usize = 24;

/// Runs it with the root certificate and these arguments, split at spaces, and returns its lines but
/// for the last, which must be that of its memory. Its exit code must say whether one is an error.
fn client(server: &Service, on: On, arguments: &str) -> Vec<String> {
    let folder = server.folder.path();
    let root = folder.join("root.pem").display().to_string();
    let mut all = vec!["--root".to_owned(), root];
    all.extend(arguments.split(' ').map(str::to_owned));
    let output = finish_in(folder, "http-client", on, &all);
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    let is_error = lines.iter().any(|line| line.starts_with("error: "));
    assert_eq!(
        output.status.code(),
        Some(i32::from(is_error)),
        "{on:?}: {text}{errors}"
    );
    let memory = lines.pop().unwrap();
    let mib = memory
        .strip_prefix("memory: ")
        .and_then(|rest| rest.strip_suffix(" MiB"));
    let mib: usize = mib.expect(&memory).parse().unwrap();
    assert!(mib <= MEMORY_MIB, "{arguments}: {memory}");
    lines
}

/// The URLs of the three servers, by a name that has addresses of both families.
fn urls(server: &Service) -> [String; 3] {
    let url = |scheme, index| {
        let port = server.address(index).port();
        format!("{scheme}://localhost:{port}")
    };
    [url("http", 0), url("https", 1), url("https", 2)]
}

#[test]
#[ignore = "needs nginx and clang (apt-get install nginx-light clang): cargo test -- --include-ignored"]
fn a_pooled_client_gets_pages_by_name_with_tls_and_without() {
    let _machine = share_machine();
    let server = nginx(LARGE);
    let [plain, http2, http1] = urls(&server);
    for on in with_tls() {
        let all = format!("{plain}/ {http2}/ {http1}/");
        let expected = [
            "HTTP/1.1 200 12 bytes",
            "HTTP/2.0 200 12 bytes",
            "HTTP/1.1 200 12 bytes",
        ];
        assert_eq!(client(&server, on, &all), expected, "{on:?}");
        let redirects = format!("{plain}/redirect {http2}/deep/redirect {plain}/other");
        let expected = [
            "HTTP/1.1 200 12 bytes",
            "HTTP/2.0 200 12 bytes",
            "HTTP/2.0 200 12 bytes",
        ];
        assert_eq!(client(&server, on, &redirects), expected, "{on:?}");
        let at_once = format!("--times 100 {plain}/ {http2}/ {http1}/redirect");
        let expected = [
            "HTTP/1.1 200 12 bytes",
            "HTTP/2.0 200 12 bytes",
            "HTTP/1.1 200 12 bytes",
        ];
        assert_eq!(client(&server, on, &at_once), expected, "{on:?}");
    }
}

#[test]
#[ignore = "needs nginx and clang (apt-get install nginx-light clang): cargo test -- --include-ignored"]
fn a_body_of_a_hundred_megabytes_needs_little_memory() {
    let _machine = own_machine();
    let server = nginx(LARGE);
    let [plain, http2, http1] = urls(&server);
    for on in with_tls() {
        let all = format!("{plain}/large {http2}/large {http1}/large");
        let expected = ["HTTP/1.1", "HTTP/2.0", "HTTP/1.1"]
            .map(|version| format!("{version} 200 {LARGE} bytes"));
        assert_eq!(client(&server, on, &all), expected, "{on:?}");
    }
}

#[test]
#[ignore = "needs nginx and clang (apt-get install nginx-light clang): cargo test -- --include-ignored"]
fn what_cannot_be_got_has_an_error_that_says_why() {
    let _machine = share_machine();
    let server = nginx(0);
    let [plain, http2, _] = urls(&server);
    let unused = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = unused.local_addr().unwrap();
    drop(unused);
    for on in with_tls() {
        let wrong_name = http2.replace("localhost", "127.0.0.1");
        for (url, reasons) in [
            (wrong_name, &["invalid peer certificate", "127.0.0.1"][..]),
            (
                "http://no-such-host.invalid/".to_owned(),
                &["cannot look up \"no-such-host.invalid\""],
            ),
            (
                format!("http://{closed}/"),
                &["cannot connect to port", "refused"],
            ),
            (format!("{plain}/loop"), &["more than 10 redirects"]),
            (plain.replace("http", "https") + "/", &["error:"]),
        ] {
            let lines = client(&server, on, &url);
            let [line] = &lines[..] else {
                panic!("{on:?}: {url}: {lines:?}");
            };
            assert!(line.starts_with("error: "), "{on:?}: {line}");
            for reason in reasons {
                assert!(line.contains(reason), "{on:?}: {line}");
            }
        }
    }
}
